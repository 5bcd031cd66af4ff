import pickle
import re
import types

import numpy
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.checkpoint import read_checkpoint  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


@pytest.mark.parametrize("legacy", [False, True])
def test_the_weights_are_told_from_what_lies_beside_them(tmp_path, legacy: bool) -> None:
    weights = {f"module.{name}": value for name, value in LightCNN(0.1).state_dict().items()}
    momentum = {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [{"lr": 0.01, "params": [0]}]}
    content = {"epoch": 80, "arch": "LightCNN", "state_dict": weights, "prec1": 98.7, "optimizer": momentum}
    torch.save(content, tmp_path / "LightCNN.pth.tar", _use_new_zipfile_serialization=not legacy)
    found = read_checkpoint(tmp_path / "LightCNN.pth.tar")
    assert found.beside == ("epoch", "arch", "prec1", "optimizer")
    assert list(found.tensors) == list(LightCNN(0.1).state_dict())
    torch.testing.assert_close(found.tensors["fc.weight"], weights["module.fc.weight"])


class Python2Pickler(pickle._Pickler):
    """Writes texts as Python 2 did, as bytes without an encoding."""

    def save_text(self, text: str) -> None:
        self.write(b"U" + bytes([len(text)]) + text.encode("ascii"))
        self.memoize(text)

    dispatch = pickle._Pickler.dispatch | {str: save_text}


def test_a_checkpoint_that_python_2_has_written_is_read(tmp_path) -> None:
    """LightCNN's published files, and torchvision's first ones, are of that age."""
    old = types.ModuleType("old")
    old.Pickler, old.dump = Python2Pickler, lambda value, file, protocol: Python2Pickler(file, protocol).dump(value)
    content = {"arch": "LightCNN", "state_dict": {"module.fc.weight": torch.arange(3.0)}}
    torch.save(content, tmp_path / "a.pth.tar", old, _use_new_zipfile_serialization=False)
    assert b"U\x08LightCNN" in (tmp_path / "a.pth.tar").read_bytes()
    found = read_checkpoint(tmp_path / "a.pth.tar")
    assert found.beside == ("arch",) and torch.equal(found.tensors["fc.weight"], torch.arange(3.0))


@pytest.mark.parametrize("key", ["", "model", "model_state_dict", "net"])
def test_the_weights_may_lie_under_other_names(tmp_path, key: str) -> None:
    state = {"_orig_mod.module.fc.weight": torch.ones(2, 2), "version": 3}
    torch.save({key: state, "epoch": 1} if key else state, tmp_path / "a.pt")
    found = read_checkpoint(tmp_path / "a.pt")
    assert list(found.tensors) == ["fc.weight"]
    assert found.beside == (("epoch", "version") if key else ("version",))


def test_reads_arrays_of_numpy(tmp_path) -> None:
    values = {"a": numpy.arange(6, dtype=">f4").reshape(2, 3), "b/kernel": numpy.float64(3), "words": numpy.array("x")}
    numpy.savez(tmp_path / "a.npz", **values)
    found = read_checkpoint(tmp_path / "a.npz").tensors
    assert list(found) == ["a", "b/kernel"] and found["b/kernel"].shape == ()
    assert torch.equal(found["a"], torch.arange(6.0).reshape(2, 3))


def test_arrays_of_objects_are_never_unpickled(tmp_path) -> None:
    numpy.savez(tmp_path / "a.npz", a=numpy.array([Fire()], dtype=object))
    with pytest.raises(InputError, match=r"a\.npz: it is no \.npz file of numbers.*could run code"):
        read_checkpoint(tmp_path / "a.npz")


class Fire:
    """Ends the tests if it is unpickled."""

    def __reduce__(self) -> tuple:
        return exit, (1,)


@pytest.mark.parametrize("legacy", [False, True])
def test_objects_of_a_checkpoint_are_never_unpickled(tmp_path, legacy: bool) -> None:
    torch.save({"a": torch.zeros(1), "b": Fire()}, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(InputError, match="could run code|more than tensors"):
        read_checkpoint(tmp_path / "a.pth")


def test_a_torchscript_program_is_told_how_to_become_weights(tmp_path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"TorchScript program.*torch\.jit\.load\(FILE\)\.state_dict"):
        read_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (torch.tensor([1.0, float("nan")]), "a holds a number that is not finite"),
        (torch.eye(3).to_sparse(), "a is not a plain dense tensor"),
        (torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "a is not a plain dense tensor"),
    ],
)
def test_tensors_that_are_no_weights(tmp_path, tensor, sentence: str) -> None:
    torch.save({"a": tensor}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=sentence):
        read_checkpoint(tmp_path / "a.pth")


def test_a_file_without_tensors(tmp_path) -> None:
    for content in ({"epoch": 3}, [1, 2], {}):
        torch.save(content, tmp_path / "a.pth")
        with pytest.raises(InputError, match=r"holds no state dict of tensors: save one"):
            read_checkpoint(tmp_path / "a.pth")


def test_refuses_what_is_not_a_checkpoint_or_would_run_code(tmp_path) -> None:
    (tmp_path / "text.pth").write_text("not a checkpoint")
    with pytest.raises(InputError, match=r"text\.pth"):
        read_checkpoint(tmp_path / "text.pth")
    torch.save({"state_dict": print}, tmp_path / "code.pth")
    with pytest.raises(InputError, match=r"code\.pth"):
        read_checkpoint(tmp_path / "code.pth")


def test_loads_safetensors(tmp_path) -> None:
    from safetensors.torch import save_file

    stored = LightCNN(0.1).state_dict()
    save_file(stored, tmp_path / "own.safetensors")
    torch.testing.assert_close(read_checkpoint(tmp_path / "own.safetensors").tensors["fc.weight"], stored["fc.weight"])


def test_a_missing_file_is_one_sentence(tmp_path) -> None:
    with pytest.raises(InputError, match=r"cannot read the checkpoint .*nowhere\.pth"):
        read_checkpoint(tmp_path / "nowhere.pth")


FOREIGN = re.compile(r"weights_only|two options|Weights only|magic number|Reader|\x1b|\n")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(100), "no PyTorch checkpoint"),
        ("text.pth", b"not a checkpoint", "no PyTorch checkpoint"),
        ("empty.pth", b"", "no PyTorch checkpoint"),
        ("pickle.pth", pickle.dumps({"a": 1}), "damaged or cut short, or holds more than tensors"),
        ("text.safetensors", b"not a checkpoint at all", "no safetensors file"),
        ("text.npz", b"not an archive", r"no \.npz file of numbers"),
    ],
)
def test_what_is_no_checkpoint_is_said_in_our_words(tmp_path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        read_checkpoint(tmp_path / name)
    assert not FOREIGN.search(str(caught.value))


def test_what_else_lies_in_a_checkpoint_is_named(tmp_path) -> None:
    torch.save({"state_dict": {"fc.weight": torch.zeros(1)}, "best": numpy.float64(9)}, tmp_path / "np.pth")
    with pytest.raises(InputError, match=r"holds numpy\.\S+, .*in addition to tensors.*torch\.save\(") as caught:
        read_checkpoint(tmp_path / "np.pth")
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
                read_checkpoint(tmp_path / "a.pth")
            assert not FOREIGN.search(str(caught.value))
