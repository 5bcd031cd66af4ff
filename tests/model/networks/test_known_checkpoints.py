import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.known_checkpoints import PUBLISHED_PEOPLE, kind_of  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.model.networks.segmentation import Segmentation  # noqa: E402


def light_cnn(people: int) -> dict:
    return dict(LightCNN(0.1).state_dict()) | {"fc2.weight": torch.zeros(people, 1), "fc2.bias": torch.zeros(people)}


def test_light_cnn_is_the_published_one_by_its_people() -> None:
    own = LightCNN(0.1).state_dict()
    kind = kind_of("recognition", light_cnn(PUBLISHED_PEOPLE), own)
    assert kind.cropped and kind.aside == ("fc2.weight", "fc2.bias") and kind.fresh == ()
    tuned = kind_of("recognition", light_cnn(10), own)
    assert not tuned.cropped and tuned.aside == kind.aside
    assert kind_of("recognition", own, own).aside == ()
    assert kind_of("imitator", light_cnn(PUBLISHED_PEOPLE), own).aside == ()


def test_imagenets_classifier_is_not_ours() -> None:
    own = Segmentation(0.1).state_dict()
    classes = {"fc.weight": torch.zeros(1000, 8), "fc.bias": torch.zeros(1000)}
    theirs = {name: value for name, value in own.items() if not name.startswith("classifier.")} | classes
    kind = kind_of("segmentation", theirs, own)
    assert set(kind.aside) == {"fc.weight", "fc.bias"}
    assert set(kind.fresh) == {"classifier.weight", "classifier.bias"}
    assert kind_of("segmentation", own, own).fresh == ()
