import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.errors import InputError  # noqa: E402
from f2p_deploy.networks.checkpoint import load_checkpoint  # noqa: E402
from f2p_deploy.networks.light_cnn import LightCNN  # noqa: E402


def official_state() -> dict:
    state = {f"module.{name}": value.clone() for name, value in LightCNN().state_dict().items()}
    return state | {"module.fc2.weight": torch.zeros(80013, 256)}


def test_loads_a_checkpoint_as_saved_from_data_parallel(tmp_path) -> None:
    state = official_state()
    torch.save({"epoch": 1, "arch": "LightCNN", "state_dict": state, "prec1": 0.0}, tmp_path / "official.pth.tar")
    network = LightCNN()
    load_checkpoint(network, tmp_path / "official.pth.tar")
    torch.testing.assert_close(network.fc.weight, state["module.fc.weight"])


def test_refuses_another_network_and_names_the_tensor(tmp_path) -> None:
    state = official_state()
    state["module.fc.weight"] = torch.zeros(512, 8192)
    torch.save({"state_dict": state}, tmp_path / "other.pth.tar")
    with pytest.raises(InputError, match="fc.weight should be"):
        load_checkpoint(LightCNN(), tmp_path / "other.pth.tar")


def test_refuses_what_is_not_a_checkpoint_or_would_run_code(tmp_path) -> None:
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with pytest.raises(InputError, match=r"text\.pth"):
        load_checkpoint(LightCNN(), tmp_path / "text.pth")
    torch.save({"state_dict": print}, tmp_path / "code.pth")
    with pytest.raises(InputError, match=r"code\.pth"):
        load_checkpoint(LightCNN(), tmp_path / "code.pth")


def test_loads_safetensors(tmp_path) -> None:
    from safetensors.torch import save_file

    stored, network = LightCNN(0.1), LightCNN(0.1)
    save_file(stored.state_dict(), tmp_path / "own.safetensors")
    load_checkpoint(network, tmp_path / "own.safetensors")
    torch.testing.assert_close(network.fc.weight, stored.fc.weight)


def test_a_missing_file_is_one_sentence(tmp_path) -> None:
    with pytest.raises(InputError, match=r"cannot read the checkpoint .*nowhere\.pth"):
        load_checkpoint(LightCNN(0.1), tmp_path / "nowhere.pth")
