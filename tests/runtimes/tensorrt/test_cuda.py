"""CUDA through cuda-python without a card: errors from statuses, and the arrays that are accepted; see tests/gpu."""

from types import SimpleNamespace

import numpy as np
import pytest

from f2p_deploy.runtimes.tensorrt.cuda import DeviceArray, checked_call, context_on, pointer_of
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency


class Status(int):
    """A status of cuda-python: a number with a name."""

    name = ""


def status(number: int, name: str) -> Status:
    status = Status(number)
    status.name = name
    return status


def test_values_come_behind_the_status() -> None:
    fine = status(0, "cudaSuccess")
    assert checked_call((fine,), "nothing") is None
    assert checked_call((fine, 7), "counting") == 7
    assert checked_call((fine, 7, 8), "counting") == (7, 8)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("cudaErrorNoDevice", MissingDependency, "copying needs an NVIDIA card and its driver"),
        ("cudaErrorInsufficientDriver", MissingDependency, "copying needs an NVIDIA card and its driver"),
        ("cudaErrorMemoryAllocation", MissingDependency, "copying needs more memory than the card has free"),
        ("cudaErrorStreamCaptureUnsupported", CompilerError, "CUDA failed at copying: cudaErrorStreamCapture"),
    ],
)
def test_every_other_status_is_an_error(name: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        checked_call((status(1, name), None), "copying")


@pytest.mark.skipif(bool(cuda_devices()), reason="there is a card")
def test_without_a_driver_it_is_one_sentence() -> None:
    pytest.importorskip("cuda.bindings.runtime")
    with pytest.raises(MissingDependency, match="looking for cards needs an NVIDIA card and its driver"):
        context_on(0)


def described(**changes: object) -> SimpleNamespace:
    facts = {"shape": (2, 3), "typestr": "<f4", "data": (4096, False), "version": 3, "strides": None, "stream": None}
    return SimpleNamespace(__cuda_array_interface__={**facts, **changes})


@pytest.mark.skipif(bool(cuda_devices()), reason="there is a card")
def test_an_array_without_a_stream_is_waited_for() -> None:
    pytest.importorskip("cuda.bindings.runtime")
    with pytest.raises(MissingDependency, match="waiting for an array needs an NVIDIA card"):
        pointer_of(described(strides=(12, 4)), (2, 3), "face", 0, stream=7)


def test_arrays_on_a_card_are_taken_where_they_lie() -> None:
    owner = object()
    own = DeviceArray((2, 3), 8192, 0, owner)
    pointer, taken = pointer_of(own, (2, 3), "face", 0, stream=7)
    assert pointer == 8192 and taken.device == (2, 0)
    assert own.__dlpack_device__() == (2, 0) and own.__cuda_array_interface__["typestr"] == np.dtype("float32").str


def test_an_array_is_given_on_its_own_card_alone() -> None:
    own = DeviceArray((2, 3), 8192, 1, object())
    assert own.__dlpack__(max_version=(1, 0), dl_device=(2, 1), copy=False) is not None
    with pytest.raises(BufferError, match=r"lies on the card 1; it cannot be given on \(1, 0\)"):
        own.__dlpack__(dl_device=(1, 0))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (described(typestr="<f8"), r"must be float32 \(2, 3\), found <f8"),
        (described(shape=(3, 2)), r"found <f4 \(3, 2\)"),
        (described(strides=(4, 8)), "is not contiguous: copy it"),
        (np.zeros((2, 3), np.float32), r"lies on the device \(1, 0\), not on the card 0"),
        ([[1.0]], "must be a NumPy array or an array on a card, found list"),
    ],
    ids=["dtype", "shape", "strides", "processor", "list"],
)
def test_other_arrays_are_refused(value: object, words: str) -> None:
    with pytest.raises(InputError, match=f"the tensor 'face' .*{words}"):
        pointer_of(value, (2, 3), "face", 0, stream=7)
