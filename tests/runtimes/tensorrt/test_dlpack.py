"""DLPack capsules: NumPy and PyTorch read ours, we read theirs, and memory lives as long as its reader."""

import gc
import weakref

import numpy as np
import pytest

from f2p_deploy.runtimes.tensorrt.dlpack import CPU, _alive, give, take
from f2p_deploy.system.errors import InputError


class Owner:
    """Holds an array; its end can be watched."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


class Giver:
    """An array of ours as other libraries see it."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU, 0

    def __dlpack__(self, **newer: object) -> object:
        array = self.owner.array
        return give(array.ctypes.data, array.shape, array.dtype.name, (CPU, 0), self.owner)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "uint8"])
def test_numpy_reads_ours_without_a_copy(dtype: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    read = np.from_dlpack(Giver(Owner(array)))
    assert read.shape == (2, 3, 4) and read.dtype == array.dtype
    array[1, 2, 3] = 99
    assert read[1, 2, 3] == 99


def test_pytorch_reads_ours_without_a_copy() -> None:
    torch = pytest.importorskip("torch")
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    tensor = torch.from_dlpack(Giver(Owner(array)))
    tensor[0, 1] = 7
    assert array[0, 1] == 7 and tensor.shape == (2, 3)


def test_the_owner_lives_as_long_as_the_reader() -> None:
    before = len(_alive)
    owner = Owner(np.ones((4, 4), np.float32))
    watched = weakref.ref(owner)
    read = np.from_dlpack(Giver(owner))
    del owner
    gc.collect()
    assert watched() is not None and read.sum() == 16
    del read
    gc.collect()
    assert watched() is None and len(_alive) == before


def test_a_capsule_that_nobody_takes_lets_go() -> None:
    before = len(_alive)
    capsule = Giver(Owner(np.ones(3, np.float32))).__dlpack__()
    assert len(_alive) == before + 1
    del capsule
    gc.collect()
    assert len(_alive) == before


def test_we_read_numpys_and_pytorchs() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    taken = take(array.__dlpack__())
    assert (taken.shape, taken.dtype, taken.device, taken.contiguous) == ((3, 4), "float32", (CPU, 0), True)
    assert taken.pointer == array.ctypes.data
    turned = take(array.T.__dlpack__())
    assert turned.shape == (4, 3) and not turned.contiguous
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(5, 2, dtype=torch.bfloat16)
    taken = take(tensor[1:].__dlpack__())
    assert taken.dtype == "bfloat16" and taken.pointer == tensor.data_ptr() + 4


def test_their_deleter_is_called_when_we_release_the_array() -> None:
    array = np.ones(1000, np.float32)
    taken = take(array.__dlpack__())
    watched = weakref.ref(array)
    del array
    gc.collect()
    assert watched() is not None, "the capsule's maker keeps it"
    del taken
    gc.collect()
    assert watched() is None


def test_a_capsule_can_be_taken_once_and_must_be_one() -> None:
    capsule = np.ones(3, np.float32).__dlpack__()
    take(capsule)
    with pytest.raises(InputError, match="no DLPack capsule, or one that was taken already"):
        take(capsule)
    with pytest.raises(InputError, match="no DLPack capsule"):
        take(object())
