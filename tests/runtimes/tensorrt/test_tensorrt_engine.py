"""An engine's bindings, with a recording stand-in for TensorRT's execution context.

tests/gpu shows that a real engine reads and writes the bound addresses.
"""

import gc
import weakref
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import TensorSpec
from f2p_deploy.runtimes.tensorrt import tensorrt_engine
from f2p_deploy.runtimes.tensorrt.cuda import Buffer, Context, DeviceArray, Stream
from f2p_deploy.runtimes.tensorrt.tensorrt_engine import LoadedEngine
from f2p_deploy.runtimes.tensorrt.tensorrt_libraries import Execution
from f2p_deploy.system.errors import CompilerError, InputError

FACE = TensorSpec("face", "float32", (2, 3), "")


class RecordingContext:
    """Records what TensorRT's execution context is asked to do."""

    def __init__(self, willing: bool = True) -> None:
        self.willing = willing
        self.addresses: list[tuple[str, int]] = []
        self.streams: list[int] = []

    def set_tensor_address(self, tensor: str, address: int) -> bool:
        self.addresses.append((tensor, address))
        return self.willing

    def execute_async_v3(self, stream: int) -> bool:
        self.streams.append(stream)
        return self.willing


class RecordingStream:
    """Records copies to and on the card."""

    handle = 7

    def __init__(self) -> None:
        self.copies: list[tuple[object, ...]] = []

    def upload(self, pointer: int, values: np.ndarray) -> None:
        self.copies.append(("upload", pointer, values.tolist()))

    def copy(self, target: int, source: int, size: int) -> None:
        self.copies.append(("copy", target, source, size))


@pytest.fixture
def stream() -> Any:
    return cast(Stream, RecordingStream())


@pytest.fixture
def engine_with(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes an engine with one input around an execution context, without CUDA."""
    monkeypatch.setattr(tensorrt_engine, "release_in", lambda context, release, handle: None)
    monkeypatch.setattr(tensorrt_engine, "require_same_context", lambda pointer, name, context: None)

    def make(context: object) -> LoadedEngine:
        buffers = {"face": cast(Buffer, SimpleNamespace(pointer=4096, size=24))}
        return LoadedEngine("one_shot", Context(1, 0), Execution(context), buffers, (FACE,), ())

    return make


def test_only_addresses_that_change_are_set(engine_with: Any) -> None:
    context = RecordingContext()
    engine = engine_with(context)
    engine.bind({"face": 256, "parameters": 512})
    engine.bind({"face": 256, "parameters": 768})
    assert context.addresses == [("face", 256), ("parameters", 512), ("parameters", 768)]


def test_a_tensor_that_tensorrt_refuses_is_an_error(engine_with: Any, stream: Any) -> None:
    engine = engine_with(RecordingContext(willing=False))
    with pytest.raises(CompilerError, match="the engine of one_shot has no tensor 'faces'"):
        engine.bind({"faces": 256})
    with pytest.raises(CompilerError, match="TensorRT cannot run the engine of one_shot"):
        engine.enqueue(stream)


def test_it_runs_on_the_stream_that_it_is_given(engine_with: Any, stream: Any) -> None:
    context = RecordingContext()
    engine_with(context).enqueue(stream)
    assert context.streams == [7]


def test_numpy_arrays_are_copied_into_the_static_buffer(engine_with: Any, stream: Any) -> None:
    context = RecordingContext()
    assert engine_with(context).bind_inputs({"face": np.ones((2, 3), np.float32)}, stream) == []
    assert stream.copies == [("upload", 4096, [[1.0] * 3] * 2)] and context.addresses == [("face", 4096)]


@pytest.mark.parametrize("aligned", [True, False])
def test_arrays_on_the_card_are_bound_or_copied_if_not_aligned(engine_with: Any, stream: Any, aligned: bool) -> None:
    context, pointer = RecordingContext(), 8192 if aligned else 8196
    owners = engine_with(context).bind_inputs({"face": DeviceArray((2, 3), pointer, 0, object())}, stream)
    assert len(owners) == 1, "the array must be kept until the engine has read it"
    assert stream.copies == ([] if aligned else [("copy", 4096, 8196, 24)])
    assert context.addresses == [("face", 8192 if aligned else 4096)]


def test_an_array_of_another_shape_is_refused(engine_with: Any, stream: Any) -> None:
    with pytest.raises(InputError, match=r"'face' must be float32 \(2, 3\), found float32 \(3, 2\)"):
        engine_with(RecordingContext()).bind_inputs({"face": DeviceArray((3, 2), 8192, 0, object())}, stream)


def test_the_execution_context_is_freed_in_its_cuda_context(
    engine_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, current = RecordingContext(), []
    freed = weakref.ref(context)

    def release_in(handle: int, release: Any, name: str) -> None:
        release(name)
        gc.collect()
        current.append((handle, freed() is None))

    engine = engine_with(context)
    monkeypatch.setattr(tensorrt_engine, "release_in", release_in)
    del context, engine
    assert current == [(1, True)]


@pytest.mark.parametrize("answer", [True, False, None])
def test_tensorrt_decides_whether_it_can_be_captured(engine_with: Any, stream: Any, answer: bool | None) -> None:
    context = RecordingContext()
    if answer is not None:
        context.is_stream_capturable = lambda handle: answer  # type: ignore[attr-defined]
    assert engine_with(context).can_be_captured(stream) is (answer is not False)
