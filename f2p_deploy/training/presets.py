"""The training recipes: *paper* with the paper's numbers, *small* and *lite* for CPUs; they share all code."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.character.schema import suggestion
from f2p_deploy.model.settings import Architecture, BundleSettings, IterativeSettings, SimilaritySettings
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.front_view import FrontView
from f2p_deploy.training.schedule import Schedule

#: Names of all stages.
STAGES = (
    "recognition",
    "segmentation",
    "surrogate",
    "reader",
    "translator",
    "imitator",
    "refinement",
    "priors",
    "shortcut",
)

#: The stages of the paper in order; all networks are trained through the imitator.
THROUGH_IMITATOR = ("imitator", "recognition", "segmentation", "translator", "refinement", "priors", "shortcut")

#: The stages of a search through the surrogate in order; there the imitator only renders.
THROUGH_SURROGATE = ("recognition", "segmentation", "surrogate", "reader", "translator", "imitator")

#: The networks that do not depend on the engine, so that a preset may take them from the package.
SHIPPABLE = ("recognition", "segmentation")

#: The stage that the paper does not have; presets without a schedule for it leave it out.
OPTIONAL = "refinement"


@dataclass(frozen=True)
class Preset:
    """The settings of a new bundle and the schedule of each trained stage.

    Args:
        name: value of `--preset`.
        settings: of the bundle.
        schedules: by stage.
        supervised_weight, shape_weight: see `f2p_deploy.training.train_translator.TranslatorStage`.
        translator_augmented: see the same.
        feature_weight: see `f2p_deploy.training.train_imitator.ImitatorStage`.
        mesh_labels: label renders by MediaPipe's mesh, as portraits are, if a landmark finder is given.
        shipped: networks that are copied from the bundle inside the package instead of trained: those that do not
            depend on the engine.
        front_yaw, front_pitch, front_sharpness, front_eye_distance: limits of the "high-quality front-view" faces that
            the content loss, the refinement and the priors learn from, see `f2p_deploy.training.data.front_view`.
        without: attributes of CelebA whose photos are left out of everything.
        shortcut_characters, shortcut_states: numbers of descriptions, and of gradients in each round, that the shortcut
            learns from; see `f2p_deploy.training.train_shortcut.ShortcutStage`.
        pictures: number of pictures that are asked of an engine, of the front view and in varied scenes each.
    """

    name: str
    settings: BundleSettings
    schedules: Mapping[str, Schedule]
    supervised_weight: float = 0.0
    shape_weight: float = 0.0
    translator_augmented: bool = True
    feature_weight: float = 1.0
    mesh_labels: bool = False
    shipped: tuple[str, ...] = ()
    front_yaw: float = FrontView.yaw
    front_pitch: float = FrontView.pitch
    front_sharpness: float = FrontView.sharpness
    front_eye_distance: float = FrontView.eye_distance
    without: tuple[str, ...] = ("Blurry",)
    shortcut_characters: int = 16384
    shortcut_states: int = 3072
    pictures: int = 24000

    @property
    def front_view(self) -> FrontView:
        """The limits of high-quality front views."""
        return FrontView(self.front_yaw, self.front_pitch, self.front_sharpness, self.front_eye_distance)

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that `train all` runs, in order."""
        if self.settings.search == "surrogate":
            return THROUGH_SURROGATE
        return tuple(stage for stage in THROUGH_IMITATOR if stage != OPTIONAL or stage in self.schedules)


#: The shortcut's schedule: half an hour on two cores, after three quarters of an hour for its labels.
SHORTCUT = Schedule(
    steps=5000, batch=64, optimiser="adam", learning_rate=2e-3, weight_decay=1e-4, decay="cosine"
)

#: Section 3.6: SGD, batch 16, momentum 0.9, learning rate reduced by 10 % every 50 epochs, 500 epochs; segmentation at
#: a tenth of the learning rate; the translator with Adam at 1e-4 for 20 epochs. The paper uses the published weights of
#: LightCNN-29v2; the schedule here is for training it. Both modes use the subspace of section 3.5; the search starts at
#: the average face.
PAPER = Preset(
    "paper",
    BundleSettings(
        one_shot_prior=True,
        iterative=IterativeSettings(use_prior=True),
        hybrid=replace(BundleSettings().hybrid, use_prior=True),
    ),
    {
        "imitator": Schedule(),
        "segmentation": Schedule(learning_rate=0.001),
        "recognition": Schedule(epochs=80, batch=128, weight_decay=1e-4, decay_by=0.543, decay_epochs=10),
        "translator": Schedule(optimiser="adam", learning_rate=1e-4, epochs=20),
        "shortcut": SHORTCUT,
    },
    translator_augmented=False,
)

#: The paper's networks and method, narrower, for faces of 256² and CPUs.
SMALL = Preset(
    "small",
    BundleSettings(
        architecture=Architecture(
            image_size=256,
            imitator_width=0.5,
            recognition_width=0.25,
            segmentation_width=0.25,
            segmentation_size=256,
            translator_width=0.375,
        ),
        similarity=SimilaritySettings(
            identity_weight=0.3,
            loopback_weight=0.05,  # the mean over parameters is larger than the one over mostly empty class maps
            features="probabilities",
            class_weights=(0.0, 1.0, 2.0, 2.0, 3.0, 3.0, 1.0, 3.0, 3.0, 3.0, 0.5),
            colour_weight=1.0,
            search_identity=0.2,  # more lowers the loss and raises landmark errors (docs/imitator-search.md)
        ),
        # The search runs in the subspace of real faces and starts at their mean. A search over single controllers from
        # the average face ends at lower losses and less similar characters (docs/imitator-search.md). With momentum 20
        # steps reach the loss of 50 without (bench/fewer_steps.py). From one-shot characters, a larger learning rate
        # lowers the loss further, but not the landmark errors.
        iterative=IterativeSettings(
            iterations=20,
            learning_rate=20.0,
            beta=3.0,
            use_prior=True,
            from_prior=True,
            discrete_rate=0.5,
            momentum=0.8,
            keep_best=True,
        ),
        hybrid=IterativeSettings(
            iterations=10,
            learning_rate=5.0,
            beta=3.0,
            use_prior=True,
            discrete_rate=0.5,
            momentum=0.7,
            keep_best=True,
        ),
        choose_options=True,
        default_lead=0.5,
        storage="float16",
        fast=True,
    ),
    {
        "imitator": Schedule(steps=8000, optimiser="adam", learning_rate=2e-3, decay="cosine"),
        "recognition": Schedule(steps=2000, batch=24, optimiser="adam", learning_rate=2e-3, decay="cosine"),
        "segmentation": Schedule(steps=1000, batch=12, optimiser="adam", learning_rate=2e-3, decay="cosine"),
        "translator": Schedule(steps=2500, batch=8, optimiser="adam", learning_rate=1e-3, decay="cosine"),
        "refinement": Schedule(steps=800, batch=96, optimiser="adam", learning_rate=1e-3, decay="cosine"),
        "shortcut": SHORTCUT,
    },
    supervised_weight=1.0,
    shape_weight=10.0,
    feature_weight=4.0,
    mesh_labels=True,
)

#: A search through the surrogate: its steps are small matrix products, so it can afford 50.
THROUGH_E = IterativeSettings(iterations=50, learning_rate=0.15, beta=10.0, momentum=0.9, keep_best=True)

#: The demo bundle: a pretrained recogniser on the engine's pictures, and a search without rendering.
LITE = Preset(
    "lite",
    replace(
        SMALL.settings,
        architecture=replace(
            SMALL.settings.architecture,
            recognition="dlib-resnet",
            recognition_size=150,
            recognition_width=1.0,
            translator_width=0.75,
            shape_length=SHAPE_LENGTH,
            reader_stage="conv_4",
        ),
        similarity=replace(SMALL.settings.similarity, mirrored=True),
        iterative=THROUGH_E,
        hybrid=replace(THROUGH_E, iterations=30),
        choose_options=False,
        default_lead=0.0,
        search="surrogate",
    ),
    {
        "surrogate": Schedule(
            epochs=60, batch=64, optimiser="adam", learning_rate=1.5e-3, weight_decay=2e-3, decay="cosine"
        ),
        "translator": Schedule(
            steps=5000, batch=96, optimiser="adam", learning_rate=1e-3, weight_decay=1e-2, decay="cosine"
        ),
        "imitator": Schedule(steps=20000, optimiser="adam", learning_rate=2e-3, decay="cosine"),
    },
    feature_weight=4.0,
    shipped=("recognition", "segmentation"),
)

PRESETS = {preset.name: preset for preset in (PAPER, SMALL, LITE)}


def preset_named(name: str) -> Preset:
    """Return the preset of a name.

    Raises:
        InputError: there is no such preset.
    """
    if name not in PRESETS:
        raise InputError(f"no preset named {name!r}{suggestion(name, tuple(PRESETS))}")
    return PRESETS[name]
