import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.stored_network import read_network  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_the_stored_weights_are_read_in_any_mode(small_bundle) -> None:
    path = small_bundle.path / "translator.safetensors"
    with torch.inference_mode():
        network = read_network(path, "translator", small_bundle.schema, small_bundle.settings)
    assert not network.training and not any(weight.is_inference() for weight in network.parameters())
    torch.testing.assert_close(network.state_dict(), small_bundle.translator.state_dict())


def test_another_network_s_file_is_refused(small_bundle) -> None:
    path = small_bundle.path / "translator.safetensors"
    with pytest.raises(InputError, match="does not hold the imitator that bundle.json describes: "):
        read_network(path, "imitator", small_bundle.schema, small_bundle.settings)
