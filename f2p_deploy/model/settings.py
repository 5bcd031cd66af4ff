"""The settings of a bundle's networks, losses and generation: plain validated data, without PyTorch."""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS, POINT_CLASSES
from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.model.recognisers import RECOGNISERS, Recogniser
from f2p_deploy.system.errors import InputError

#: The output of F_seg that is the "facial semantic feature" f of eq. 6; the paper does not name the layer.
Features = Literal["conv_2", "conv_3", "conv_4", "conv_5", "logits", "probabilities"]
#: What weights f in eq. 6: the probability of the face, or that of each class on its own; the paper allows both.
Weighting = Literal["face", "class"]
Reduction = Literal["mean", "sum"]
Storage = Literal["float32", "float16"]
STORAGES: tuple[str, ...] = get_args(Storage)

#: The stages of F_seg whose features a reader may take.
READER_STAGES = ("conv_2", "conv_3", "conv_4", "conv_5")

#: The network that a search goes through: G, as in the paper, or a surrogate that predicts descriptors.
Search = Literal["imitator", "surrogate"]


def _require_choice(what: str, value: object, choices: object) -> None:
    if value not in get_args(choices):
        raise InputError(f"{what} must be one of {', '.join(map(str, get_args(choices)))}, found {value!r}")


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise InputError(f"{name} must be greater than 0, found {value}")


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise InputError(f"{name} must not be negative, found {value}")


@dataclass(frozen=True)
class Architecture:
    """The sizes of the networks; the defaults are the paper's.

    Args:
        image_size: edge S of faces and pictures, in pixels.
        imitator_width, recognition_width, segmentation_width, translator_width: multiply the numbers of channels.
        recognition_depth, segmentation_depth: multiply the number of residual blocks of each stage; one is always left.
        recognition_size, segmentation_size: edge of the input of F_recg and F_seg. Faces are reduced to it by integer
            average pooling or, for a recogniser with `points`, by a fixed crop.
        strided_stage: the stage that has Table 3's stride, see `f2p_deploy.model.networks.segmentation`.
        recognition: the kind of F_recg, a key of `f2p_deploy.model.recognisers.RECOGNISERS`.
        surrogate_width: multiplies the 768 hidden channels of the surrogate, if the bundle has one.
        shortcut_width: multiplies the numbers of channels of the shortcut, if the bundle has one.
        shape_length: length of the face shapes that a search through the surrogate compares, 24; 0 compares none.
        reader_stage: the stage of F_seg, `conv_2` to `conv_5`, whose features the reader takes in addition to the class
            maps, left and right halves averaged; empty for class maps alone.
    """

    image_size: int = 512
    imitator_width: float = 1.0
    recognition_width: float = 1.0
    recognition_size: int = 128
    segmentation_width: float = 1.0
    segmentation_size: int = 512
    strided_stage: int = 2
    translator_width: float = 1.0
    recognition: str = "light-cnn-29v2"
    surrogate_width: float = 1.0
    shortcut_width: float = 1.0
    shape_length: int = 0
    reader_stage: str = ""
    recognition_depth: float = 1.0
    segmentation_depth: float = 1.0

    def __post_init__(self) -> None:
        _positive(
            surrogate_width=self.surrogate_width,
            shortcut_width=self.shortcut_width,
            imitator_width=self.imitator_width,
            recognition_width=self.recognition_width,
            segmentation_width=self.segmentation_width,
            recognition_depth=self.recognition_depth,
            segmentation_depth=self.segmentation_depth,
            translator_width=self.translator_width,
        )
        if self.recognition not in RECOGNISERS:
            raise InputError(f"recognition must be one of {', '.join(RECOGNISERS)}, found {self.recognition!r}")
        if self.shape_length not in (0, SHAPE_LENGTH):
            raise InputError(f"shape_length must be 0 or {SHAPE_LENGTH}, found {self.shape_length}")
        if self.reader_stage and self.reader_stage not in READER_STAGES:
            raise InputError(f"reader_stage must be one of {', '.join(READER_STAGES)}, found {self.reader_stage!r}")
        size = self.recogniser.size
        if self.recognition_size != size:
            raise InputError(f"{self.recognition} takes {size} pixels, found recognition_size {self.recognition_size}")
        pooled = [("segmentation_size", self.segmentation_size)]
        pooled += [] if self.recogniser.points else [("recognition_size", size)]
        for name, size in pooled:
            if size <= 0 or self.image_size % size:
                raise InputError(f"image_size {self.image_size} must be a multiple of {name}, found {size}")
        if self.segmentation_size % 8:
            raise InputError(f"segmentation_size must be a multiple of 8, found {self.segmentation_size}")

    @property
    def recogniser(self) -> Recogniser:
        """The input and output of F_recg."""
        return RECOGNISERS[self.recognition]


@dataclass(frozen=True)
class SimilaritySettings:
    """Weights and features of eqs. 4 to 6, including choices that the paper leaves open.

    Args:
        identity_weight, content_weight, loopback_weight: lambda_1, lambda_2, lambda_3 of eq. 4.
        features: the output of F_seg that is f in eq. 6.
        weighting: omega of eq. 6. With `face` every channel of f is weighted once, by the weighted sum of the class
            probabilities; with `class` once by each class whose weight is not 0, which multiplies the number of
            channels.
        class_weights: weight of each Helen class in omega. Background and hair have weight 0 by default: the background
            is not part of the face, and hair is a choice rather than a shape.
        reduction: `sum` or `mean` of the elements in the L1 norm of eqs. 6 and 7.
        colour_weight: weight of the colours of skin, brows, eyes, lips and hair relative to the class probabilities.
            Class probabilities carry positions and LightCNN takes grey, so without this term eq. 4 ignores colour.
        search_identity: lambda_1 of eq. 9 (search) / lambda_1 of eq. 4 (translator).
        mirrored: average the descriptors of each face and its mirror image, since a mirrored photo shows the same
            person. For recognisers with `points`.
        naturalness: weight of the controllers' mean squared distance from their defaults, in units of `spread`,
            relative to the centred cosine in a search through the surrogate.
        spread: typical distance of real faces' controllers from their defaults, in [0, 1].
        shape_weight: weight of the squared distance of face shapes relative to the centred cosine in a search through
            the surrogate. A distance of 1 is that of people from their mean.
    """

    identity_weight: float = 0.01
    content_weight: float = 1.0
    loopback_weight: float = 1.0
    features: Features = "conv_5"
    weighting: Weighting = "face"
    class_weights: tuple[float, ...] = (0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0)
    reduction: Reduction = "mean"
    colour_weight: float = 0.0
    search_identity: float = 1.0
    mirrored: bool = False
    naturalness: float = 0.3
    spread: float = 0.25
    shape_weight: float = 0.2

    def __post_init__(self) -> None:
        _positive(spread=self.spread)
        _not_negative(naturalness=self.naturalness, shape_weight=self.shape_weight)
        _require_choice("features", self.features, Features)
        _require_choice("weighting", self.weighting, Weighting)
        _require_choice("reduction", self.reduction, Reduction)
        _not_negative(
            identity_weight=self.identity_weight,
            content_weight=self.content_weight,
            loopback_weight=self.loopback_weight,
            colour_weight=self.colour_weight,
            search_identity=self.search_identity,
        )
        if self.colour_weight and self.features != "probabilities":
            found = f"found {self.features!r}; with others it is 0"
            raise InputError(f"colour_weight needs the features 'probabilities', {found}")
        classes, count = len(HELEN_CLASSES), len(self.class_weights)
        if count != classes:
            raise InputError(f"class_weights needs a number for each of {classes} classes, found {count}")
        _not_negative(**{f"the class weight of {c}": w for c, w in zip(HELEN_CLASSES, self.class_weights, strict=True)})
        if self.weighting == "class" and self.features == "probabilities":
            raise InputError(
                "weighting 'class' needs the logits or a stage as features, and colour_weight 0: 'probabilities' have "
                "a channel for each class already, which weights nothing else"
            )
        if self.weighting == "class" and not any(self.class_weights):
            raise InputError("weighting 'class' needs a class weight that is not 0, since the content has no others")

    @property
    def weighted_classes(self) -> tuple[int, ...]:
        """The positions of the Helen classes whose weight is not 0."""
        return tuple(position for position, weight in enumerate(self.class_weights) if weight)


@dataclass(frozen=True)
class IterativeSettings:
    """Settings of iterative generation (section 3.4.2); the defaults are the paper's.

    Args:
        iterations: number of gradient steps.
        learning_rate: mu of the first steps.
        decay: fraction by which mu shrinks every `decay_every` iterations.
        beta: sharpness of the softmax over discrete groups.
        use_prior: search the coordinates of the priors' subspace (section 3.5) instead of the controllers.
        from_prior: start at the mean face of the priors instead of the average face; ignored in hybrid mode, which
            starts at the result of one-shot generation.
        discrete_rate: learning rate of the discrete groups / of the controllers.
        momentum: Nesterov momentum coefficient (1983); the paper has none (0).
        keep_best: return the state with the smallest loss instead of the last one.
    """

    iterations: int = 50
    learning_rate: float = 10.0
    decay: float = 0.2
    decay_every: int = 5
    beta: float = 100.0
    use_prior: bool = False
    from_prior: bool = False
    discrete_rate: float = 1.0
    momentum: float = 0.0
    keep_best: bool = False

    def __post_init__(self) -> None:
        _positive(iterations=self.iterations, learning_rate=self.learning_rate)
        _positive(decay_every=self.decay_every, beta=self.beta)
        _not_negative(discrete_rate=self.discrete_rate)
        if not 0.0 <= self.momentum < 1.0:
            raise InputError(f"momentum must lie in [0, 1), found {self.momentum}")
        if not 0.0 <= self.decay < 1.0:
            raise InputError(f"decay must lie in [0, 1), found {self.decay}")

    def learning_rates(self) -> tuple[float, ...]:
        """Return mu for every iteration."""
        return tuple(self.learning_rate * (1.0 - self.decay) ** (i // self.decay_every) for i in range(self.iterations))


@dataclass(frozen=True)
class AlignmentTemplate:
    """The positions of the average face's landmarks, onto which photos are warped (section 3.6).

    Args:
        landmarks: (x, y) by the names of `LANDMARKS`, in fractions of the picture's edge.
    """

    landmarks: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "left-eye": (0.36, 0.42),
            "right-eye": (0.64, 0.42),
            "nose-tip": (0.50, 0.58),
            "mouth-left": (0.40, 0.71),
            "mouth-right": (0.60, 0.71),
        }
    )

    def __post_init__(self) -> None:
        if set(self.landmarks) != set(LANDMARKS):
            raise InputError(f"an alignment template has {', '.join(LANDMARKS)}; found {', '.join(self.landmarks)}")
        object.__setattr__(self, "landmarks", {name: tuple(map(float, self.landmarks[name])) for name in LANDMARKS})


@dataclass(frozen=True)
class BundleSettings:
    """All settings of a bundle.

    Args:
        storage: precision of the stored weights; networks compute in float32 either way.
        choose_options: compare all options of the discrete groups before iterative and hybrid generation, see
            `f2p_deploy.model.reference.reference_options`.
        default_lead: lead in probability that an option needs to replace the default of its discrete group in one-shot
            generation. Options are equally frequent in rendered pairs, but not among people.
        one_shot_prior: project the translator's controllers onto the priors' subspace (section 3.5).
        fast: take the steps of iterative and hybrid generation through the shortcut, if the bundle has one, see
            `f2p_deploy.model.shortcut_search`. A search through a surrogate needs none.
        search: the network that iterative and hybrid generation go through, `imitator` or `surrogate`, see
            `f2p_deploy.model.surrogate_search`.
    """

    architecture: Architecture = field(default_factory=Architecture)
    similarity: SimilaritySettings = field(default_factory=SimilaritySettings)
    iterative: IterativeSettings = field(default_factory=IterativeSettings)
    hybrid: IterativeSettings = field(default_factory=lambda: IterativeSettings(iterations=20, learning_rate=5.0))
    alignment: AlignmentTemplate = field(default_factory=AlignmentTemplate)
    one_shot_prior: bool = False
    choose_options: bool = False
    default_lead: float = 0.0
    storage: Storage = "float32"
    search: Search = "imitator"
    fast: bool = False

    def __post_init__(self) -> None:
        _require_choice("storage", self.storage, Storage)
        _require_choice("search", self.search, Search)
        if self.similarity.mirrored and not self.architecture.recogniser.points:
            raise InputError(f"mirrored needs a recogniser with a crop, not {self.architecture.recognition}")
        _not_negative(default_lead=self.default_lead)


def to_data(settings: Any) -> dict[str, Any]:
    """Return settings as plain data for JSON."""
    return asdict(settings)


def from_data(kind: type, data: Any, where: str) -> Any:
    """Build a settings dataclass from plain data.

    Args:
        kind: the dataclass.
        data: the result of `to_data`, or a part of it; absent settings keep their defaults.
        where: beginning of the error messages.

    Raises:
        InputError: an unknown key, or a value of the wrong type or outside its range.
    """
    if not isinstance(data, dict):
        raise InputError(f"{where} should be a table of settings, found {type(data).__name__}")
    hints = get_type_hints(kind)
    unknown = sorted(set(data) - {entry.name for entry in fields(kind)})
    if unknown:
        raise InputError(f"{where} has an unknown setting {unknown[0]!r}. Known: {', '.join(hints)}")
    values = {}
    for name, value in data.items():
        place = f"{where}.{name}"
        expected = hints[name]
        if is_dataclass(expected):
            values[name] = from_data(expected, value, place)  # type: ignore[arg-type]
        else:
            values[name] = _value(expected, value, place)
    try:
        return kind(**values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _value(expected: Any, value: Any, place: str) -> Any:
    origin = get_origin(expected)
    if expected is bool and isinstance(value, bool):
        return value
    if expected is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if expected is float and _is_like(float, value):
        return float(value)
    if (expected is str or origin is Literal) and isinstance(value, str):
        return value
    if origin is tuple and _is_like(expected, value):
        return tuple(value)
    if origin is dict and _is_like(expected, value):
        return value
    name = expected.__name__ if isinstance(expected, type) and origin is None else expected
    raise InputError(f"{place} should be {name}, found {value!r}")


def _is_like(expected: Any, value: Any) -> bool:
    """Return whether plain data has the types of a hint, inside tuples and tables, too; how many there are is open."""
    origin, parts = get_origin(expected), get_args(expected)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(_is_like(parts[0], each) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(_is_like(parts[1], each) for each in value.values())
    if expected is float:
        whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**1000
        return whole or isinstance(value, float)
    if expected is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) if origin is Literal or expected is str else True


def shown_by_content(settings: BundleSettings) -> bool:
    """Return whether a bundle's content contains the class probabilities, with non-zero weights for `POINT_CLASSES`.

    In a search through a surrogate the content is the state read from the photo instead.
    """
    similarity = settings.similarity
    weights = dict(zip(HELEN_CLASSES, similarity.class_weights, strict=True))
    weighted = all(weights[name] > 0 for name in POINT_CLASSES)
    return settings.search != "surrogate" and similarity.features == "probabilities" and weighted
