import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.schema import Controller, Schema  # noqa: E402
from f2p_deploy.model.networks.fitting import fits, fitting_architecture, require_fitting  # noqa: E402
from f2p_deploy.model.networks.table import NETWORKS, build_network  # noqa: E402
from f2p_deploy.model.settings import Architecture, BundleSettings  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

SCHEMA = Schema("two", (Controller("a", "x"), Controller("b", "x")))


def settings(**sizes) -> BundleSettings:
    return BundleSettings(Architecture(image_size=256, segmentation_size=256, **sizes))


def state(name: str, **sizes) -> dict:
    with torch.device("meta"):
        return build_network(name, SCHEMA, settings(**sizes)).state_dict()


def test_the_first_tensor_that_differs_is_named_with_both_shapes() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    own = network.state_dict()
    require_fitting(network, own, "a.pth")
    other = own | {"1.weight": torch.zeros(2, 3), "1.bias": torch.zeros(2)}
    with pytest.raises(InputError, match=r"^a\.pth: 1\.weight should be \(1, 3\), found \(2, 3\)\. So\.$"):
        require_fitting(network, other, "a.pth", end=". So.")
    with pytest.raises(InputError, match=r"0\.bias should be \(3,\), found nothing$"):
        require_fitting(network, {key: value for key, value in own.items() if key != "0.bias"}, "a.pth")
    with pytest.raises(InputError, match=r"more should be absent, found \(\)$"):
        require_fitting(network, own | {"more": torch.zeros(())}, "a.pth")


def test_what_may_be_absent_must_fit_where_it_is_there() -> None:
    network = torch.nn.BatchNorm2d(3)
    own = {key: value for key, value in network.state_dict().items() if key != "num_batches_tracked"}
    assert not fits(network, own) and fits(network, own, {"num_batches_tracked"})
    assert not fits(network, own | {"num_batches_tracked": torch.zeros(2)}, {"num_batches_tracked"})


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "reader"])
@pytest.mark.parametrize(("own", "theirs"), [(0.25, 1.0), (1.0, 0.5), (1.0, 0.375), (0.1, 0.75)])
def test_the_width_of_a_checkpoint_is_found(name: str, own: float, theirs: float) -> None:
    found = fitting_architecture(
        name, SCHEMA, settings(**{f"{name}_width": own}), state(name, **{f"{name}_width": theirs})
    )
    assert list(found) == [f"{name}_width"]
    again = state(name, **found)
    assert {k: v.shape for k, v in again.items()} == {
        k: v.shape for k, v in state(name, **{f"{name}_width": theirs}).items()
    }
    assert found[f"{name}_width"] == pytest.approx(theirs, rel=0.1)


def test_published_widths_are_found_exactly() -> None:
    for own in (0.1, 0.25, 0.5):
        found = fitting_architecture("recognition", SCHEMA, settings(recognition_width=own), state("recognition"))
        assert found == {"recognition_width": 1.0}


@pytest.mark.parametrize("name", ["recognition", "segmentation"])
def test_the_whole_depth_is_found(name: str) -> None:
    shallow = settings(**{f"{name}_width": 0.1, f"{name}_depth": 0.5})
    assert fitting_architecture(name, SCHEMA, shallow, state(name, **{f"{name}_width": 0.1})) == {f"{name}_depth": 1.0}
    both = {f"{name}_width": 1.0, f"{name}_depth": 1.0}
    assert fitting_architecture(name, SCHEMA, shallow, state(name)) == both


def test_another_kind_of_recogniser_is_found() -> None:
    own = settings(recognition="dlib-resnet", recognition_size=150)
    found = fitting_architecture("recognition", SCHEMA, own, state("recognition"))
    assert found == {"recognition": "light-cnn-29v2-crop", "recognition_size": 128, "recognition_width": 1.0}
    dlib = state("recognition", recognition="dlib-resnet", recognition_size=150)
    assert fitting_architecture("recognition", SCHEMA, settings(), dlib)["recognition"] == "dlib-resnet"


def test_nothing_fits_a_foreign_network() -> None:
    assert fitting_architecture("imitator", SCHEMA, settings(), {"a": torch.zeros(3)}) == {}
