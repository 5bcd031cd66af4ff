import pytest

from f2p_deploy.model.setting_paths import change_settings, setting_values
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError


def test_every_setting_can_be_set_to_what_it_is() -> None:
    settings = BundleSettings()
    for path, value in setting_values(settings).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        assert change_settings(settings, [f"{path}={text}"]) == (settings, ()), path


def test_values_have_the_type_of_their_setting() -> None:
    changed, changes = change_settings(
        BundleSettings(),
        [
            "similarity.content_weight=2",
            "hybrid.iterations=50",
            "alignment.landmarks.left-eye=0.35, 0.4",
            "fast=TRUE",
            "storage = float16",
            "similarity.class_weights.hair=0.5",
            "architecture.image_size=256",
            "architecture.segmentation_size=256",
        ],
    )
    assert changed.similarity.content_weight == 2.0 and isinstance(changed.similarity.content_weight, float)
    assert changed.hybrid.iterations == 50 and changed.fast and changed.storage == "float16"
    assert changed.alignment.landmarks["left-eye"] == (0.35, 0.4)
    assert changed.similarity.class_weights == (*BundleSettings().similarity.class_weights[:-1], 0.5)
    first = [(change.before, change.after) for change in changes][:3]
    assert first == [(1.0, 2.0), (20, 50), ((0.36, 0.42), (0.35, 0.4))]


def test_a_list_is_given_whole() -> None:
    weights = ",".join(["1"] * 11)
    for text in (weights, f"[{weights}]"):
        changed, _ = change_settings(BundleSettings(), [f"similarity.class_weights={text}"])
        assert changed.similarity.class_weights == (1.0,) * 11


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("hybrid.iteration=5", r"no setting is called 'hybrid.iteration'\. Did you mean 'hybrid.iterations'\?"),
        ("iterations=5", r"no setting is called 'iterations'\. Did you mean '(iterative|hybrid)\.iterations'\?"),
        ("similarity.class_weights.noze=1", r"Did you mean 'similarity.class_weights.nose'\?"),
        ("alignment.landmarks=0,0", "no setting is called 'alignment.landmarks'"),
        ("hybrid=5", "no setting is called 'hybrid'"),
        ("hybrid.iterations", "PATH=VALUE"),
        ("=5", "PATH=VALUE"),
        ("hybrid.iterations=5.5", r"hybrid.iterations should be a whole number, found '5.5'"),
        ("hybrid.iterations=", "should be a whole number, found ''"),
        ("hybrid.iterations=0", "settings.hybrid: iterations must be greater than 0, found 0"),
        ("hybrid.decay=nan", "hybrid.decay should be a number, found 'nan'"),
        ("fast=1", "fast should be true or false, found '1'"),
        ("search=imitater", "search must be one of imitator, surrogate, found 'imitater'"),
        ("architecture.recognition=vgg", "recognition must be one of light-cnn-29v2"),
        ("similarity.class_weights=1,2", "class_weights needs a number for each of 11 classes, found 2"),
        ("similarity.class_weights=one", "should be numbers separated by commas, found 'one'"),
        ("similarity.class_weights=1,NaN", "should be finite numbers"),
        ("alignment.landmarks.left-eye=0.4", "should be x and y in fractions"),
        ("alignment.landmarks.left-eye=36,42", "should be x and y in fractions"),
    ],
)
def test_what_is_refused(assignment: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        change_settings(BundleSettings(), [assignment])


def test_a_setting_is_given_once() -> None:
    with pytest.raises(InputError, match="fast is given twice"):
        change_settings(BundleSettings(), ["fast=true", "fast=false"])
