import pickle
import re

import numpy
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.checkpoint import load_checkpoint  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


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


FOREIGN = re.compile(r"weights_only|two options|Weights only|magic number|Reader|\x1b|\n")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "no PyTorch checkpoint"),
        ("text.pth", b"not a checkpoint", "no PyTorch checkpoint"),
        ("empty.pth", b"", "no PyTorch checkpoint"),
        ("pickle.pth", pickle.dumps({"a": 1}), "damaged or cut short, or holds more than tensors"),
        ("text.safetensors", b"not a checkpoint at all", "no safetensors file"),
    ],
)
def test_what_is_no_checkpoint_is_said_in_our_words(tmp_path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        load_checkpoint(LightCNN(0.1), tmp_path / name)
    assert not FOREIGN.search(str(caught.value))


def test_what_else_lies_in_a_checkpoint_is_named(tmp_path) -> None:
    torch.save({"state_dict": {"fc.weight": torch.zeros(1)}, "best": numpy.float64(9)}, tmp_path / "np.pth")
    with pytest.raises(InputError, match=r"holds numpy\.\S+, .*in addition to tensors.*torch\.save\(") as caught:
        load_checkpoint(LightCNN(0.1), tmp_path / "np.pth")
    assert not FOREIGN.search(str(caught.value))


def test_a_cut_or_garbled_checkpoint_is_never_a_bug_of_ours(tmp_path) -> None:
    rng = numpy.random.default_rng(0)
    for legacy in (False, True):
        torch.save({"a": torch.zeros(3, 3)}, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
        whole = (tmp_path / "a.pth").read_bytes()
        for _ in range(100):
            damaged = bytearray(whole[: rng.integers(1, len(whole))])
            damaged[rng.integers(len(damaged))] = rng.integers(256)
            (tmp_path / "a.pth").write_bytes(damaged)
            with pytest.raises(InputError) as caught:
                load_checkpoint(LightCNN(0.1), tmp_path / "a.pth")
            assert not FOREIGN.search(str(caught.value))
