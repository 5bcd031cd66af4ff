"""What a bundle states about its networks, losses and generation: plain data, validated, no torch."""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS, POINT_CLASSES
from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.model.recognisers import RECOGNISERS, Recogniser
from f2p_deploy.system.errors import InputError

#: Which output of F_seg is the "facial semantic feature" f of eq. 6; the paper does not name the layer.
Features = Literal["conv_2", "conv_3", "conv_4", "conv_5", "logits", "probabilities"]
Reduction = Literal["mean", "sum"]
Storage = Literal["float32", "float16"]
STORAGES: tuple[str, ...] = get_args(Storage)

#: The stages of F_seg that a reader may see.
READER_STAGES = ("conv_2", "conv_3", "conv_4", "conv_5")

#: What the search draws with: G, as the paper does, or a surrogate that says what the recogniser would see.
Search = Literal["imitator", "surrogate"]


def _choose(what: str, value: object, choices: object) -> None:
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
    """Sizes of the four networks; the defaults are the paper's.

    Args:
        image_size: edge S of faces and pictures, in pixels.
        imitator_width, recognition_width, segmentation_width, translator_width: multiply the numbers of channels.
        recognition_size, segmentation_size: edge of what F_recg and F_seg see; S is reduced to them by integer average
            pooling, or for a recogniser with points of its own by a fixed crop.
        strided_stage: where Table 3's stride lies, see `f2p_deploy.model.networks.segmentation`.
        recognition: the kind of F_recg, a key of `f2p_deploy.model.recognisers.RECOGNISERS`.
        surrogate_width: multiplies the 768 hidden channels of the surrogate, where the bundle has one.
        shape_length: length of the face shapes that a search through the surrogate compares, 24; 0 compares none.
        reader_stage: the stage of F_seg, `conv_2` to `conv_5`, whose features the reader sees beside the class maps,
            left and right halves averaged; empty, it sees class maps alone.
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
    shape_length: int = 0
    reader_stage: str = ""

    def __post_init__(self) -> None:
        _positive(
            surrogate_width=self.surrogate_width,
            imitator_width=self.imitator_width,
            recognition_width=self.recognition_width,
            segmentation_width=self.segmentation_width,
            translator_width=self.translator_width,
        )
        if self.recognition not in RECOGNISERS:
            raise InputError(f"recognition must be one of {', '.join(RECOGNISERS)}, found {self.recognition!r}")
        if self.shape_length not in (0, SHAPE_LENGTH):
            raise InputError(f"shape_length must be 0 or {SHAPE_LENGTH}, found {self.shape_length}")
        if self.reader_stage and self.reader_stage not in READER_STAGES:
            raise InputError(f"reader_stage must be one of {', '.join(READER_STAGES)}, found {self.reader_stage!r}")
        seen = self.recogniser.size
        if self.recognition_size != seen:
            raise InputError(f"{self.recognition} sees {seen} pixels, found recognition_size {self.recognition_size}")
        pooled = [("segmentation_size", self.segmentation_size)]
        pooled += [] if self.recogniser.points else [("recognition_size", seen)]
        for name, size in pooled:
            if size <= 0 or self.image_size % size:
                raise InputError(f"image_size {self.image_size} must be a multiple of {name}, found {size}")
        if self.segmentation_size % 8:
            raise InputError(f"segmentation_size must be a multiple of 8, found {self.segmentation_size}")

    @property
    def recogniser(self) -> Recogniser:
        """What F_recg sees and gives."""
        return RECOGNISERS[self.recognition]


@dataclass(frozen=True)
class SimilaritySettings:
    """The choices of eqs. 4 to 6, including those that the paper leaves open.

    Args:
        identity_weight, content_weight, loopback_weight: lambda_1, lambda_2, lambda_3 of eq. 4.
        features: which output of F_seg is f in eq. 6.
        class_weights: weight of each Helen class in omega; background and hair count nothing by default, since the
            background is not the face's and hair is a choice rather than a shape.
        reduction: whether the L1 norm of eq. 6 (and eq. 7) sums or averages its elements.
        colour_weight: weight of the colours of skin, brows, eyes, lips and hair beside the class probabilities. Class
            probabilities say where things are; LightCNN sees grey: without this nothing in eq. 4 sees a colour.
        search_identity: lambda_1 of eq. 9, the search, over that of eq. 4, the translator's.
        mirrored: describe each face and its mirror image, and take the mean: a mirrored photo is the same person. For
            recognisers with a crop of their own.
        naturalness: weight of the controllers' mean squared distance from their defaults, in units of `spread`, beside
            the centred cosine in a search through the surrogate.
        spread: how far controllers of real faces lie from their defaults, in [0, 1].
        shape_weight: weight of the squared distance of face shapes, 1 being how far people are from their mean, beside
            the centred cosine in a search through the surrogate.
    """

    identity_weight: float = 0.01
    content_weight: float = 1.0
    loopback_weight: float = 1.0
    features: Features = "conv_5"
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
        _choose("features", self.features, Features)
        _choose("reduction", self.reduction, Reduction)
        _not_negative(
            identity_weight=self.identity_weight,
            content_weight=self.content_weight,
            loopback_weight=self.loopback_weight,
            colour_weight=self.colour_weight,
            search_identity=self.search_identity,
        )
        if self.colour_weight and self.features != "probabilities":
            raise InputError(f"colour_weight goes with the features 'probabilities', found {self.features!r}")
        classes, found = len(HELEN_CLASSES), len(self.class_weights)
        if found != classes:
            raise InputError(f"class_weights needs a number for each of {classes} classes, found {found}")
        _not_negative(**{f"the class weight of {c}": w for c, w in zip(HELEN_CLASSES, self.class_weights, strict=True)})


@dataclass(frozen=True)
class IterativeSettings:
    """Iterative generation (section 3.4.2); the defaults are the paper's.

    Args:
        iterations: number of gradient steps.
        learning_rate: mu of the first steps.
        decay: fraction by which mu shrinks every `decay_every` iterations.
        beta: sharpness of the softmax over discrete groups.
        use_prior: move the coordinates of the priors' subspace (section 3.5) instead of the controllers themselves.
        from_prior: begin at the mean of the priors' faces instead of the average face; hybrid has a start of its own.
        discrete_rate: mu of the discrete groups, over that of the controllers.
        momentum: by how much of its last move a state is carried on before each step (Nesterov 1983); 0 is the paper's.
        keep_best: end at the state of the smallest loss instead of the last one.
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
    """Where the average face's landmarks lie in its picture; photos are warped onto them (section 3.6).

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
    """Everything in a bundle that is neither schema nor weights.

    Args:
        storage: how the weights lie on disk; they are computed with in float32 either way.
        choose_options: before iterative and hybrid generation try every option of the discrete groups out, see
            `f2p_deploy.model.reference.reference_options`.
        default_lead: a discrete group keeps its default unless one-shot generation finds another option more probable
            by more than this. Rendered pairs draw every option as often as any other; people do not.
        one_shot_prior: pass the translator's controllers through the priors' subspace (section 3.5).
        search: what iterative and hybrid generation search through, see `f2p_deploy.model.surrogate_search`.
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

    def __post_init__(self) -> None:
        _choose("storage", self.storage, Storage)
        _choose("search", self.search, Search)
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
        data: what `to_data` gave, or a part of it; what is absent keeps its default.
        where: the words that begin an error sentence.

    Raises:
        InputError: an unknown key, or a value of the wrong kind or outside its range.
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
    if expected is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if (expected is str or origin is Literal) and isinstance(value, str):
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(value)
    if origin is dict and isinstance(value, dict):
        return value
    name = expected.__name__ if isinstance(expected, type) and origin is None else expected
    raise InputError(f"{place} should be {name}, found {value!r}")


def shown_by_content(settings: BundleSettings) -> bool:
    """Return whether a bundle's content holds the class probabilities: weighted, but none of `POINT_CLASSES` by 0.

    Where the search goes through a surrogate, content is the state that was read from the photo.
    """
    similarity = settings.similarity
    weights = dict(zip(HELEN_CLASSES, similarity.class_weights, strict=True))
    weighted = all(weights[name] > 0 for name in POINT_CLASSES)
    return settings.search != "surrogate" and similarity.features == "probabilities" and weighted
