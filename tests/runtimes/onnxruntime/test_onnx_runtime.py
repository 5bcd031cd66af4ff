"""ONNX Runtime computes the golden vectors, the same every time, on the provider that was asked for."""

import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.artifact.golden import samples_of
from f2p_deploy.embed import default_onnx_artifact
from f2p_deploy.runtimes import graph_calls, load
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime, open_session
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency

CUDA = "CUDAExecutionProvider"
NO_CUDA_BUILD = pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="onnxruntime-gpu is installed")


def test_golden_vectors(small_artifact: Path) -> None:
    runtime = load(small_artifact, "onnxruntime", threads=1)
    golden = read_artifact(small_artifact).golden()
    for i in range(len(golden["one_shot.samples"])):
        face = golden["one_shot.face"][i : i + 1]
        assert np.abs(runtime.one_shot(face) - golden["one_shot.parameters"][i]).max() < 1e-5
        identity, content = runtime.describe(face)
        assert np.allclose(identity[0], golden["describe.identity"][i], rtol=1e-3, atol=1e-5)
        assert np.allclose(content[0], golden["describe.content"][i], rtol=1e-3, atol=1e-5)
        image = runtime.render(golden["render.parameters"][i : i + 1])
        assert np.abs(image[0] - golden["render.image"][i]).max() < 1e-4


def test_two_runs_are_the_same_to_the_bit(small_artifact: Path) -> None:
    face = read_artifact(small_artifact).golden()["one_shot.face"][:1]
    first, second = (load(small_artifact, "onnxruntime") for _ in range(2))
    assert np.array_equal(first.one_shot(face), first.one_shot(face))
    assert np.array_equal(first.one_shot(face), second.one_shot(face))


def test_the_number_of_threads_reaches_the_session(small_artifact: Path) -> None:
    session = open_session(str(small_artifact / "one_shot.onnx"), threads=1)
    assert session.get_session_options().intra_op_num_threads == 1


def test_graphs_are_loaded_when_first_used(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    load_graph = OnnxRuntime._load
    monkeypatch.setattr(OnnxRuntime, "_load", lambda self, graph: loaded.append(graph) or load_graph(self, graph))
    runtime = OnnxRuntime(read_artifact(small_artifact), threads=1)
    face = runtime.artifact.golden()["one_shot.face"][:1]
    assert loaded == []
    runtime.one_shot(face)
    runtime.one_shot(face)
    assert loaded == ["one_shot"], "once, and no other graph"
    runtime.describe(face)
    assert loaded == ["one_shot", "describe"]


@NO_CUDA_BUILD
def test_a_provider_that_is_not_built_in_is_an_error(small_artifact: Path) -> None:
    with pytest.raises(MissingDependency, match="has no CUDAExecutionProvider, only .*CPUExecutionProvider"):
        load(small_artifact, "onnxruntime-cuda")


@NO_CUDA_BUILD
@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_silent_fallback_is_detected(small_artifact: Path) -> None:
    with pytest.raises(MissingDependency, match="fell back to CPUExecutionProvider"):
        open_session(str(small_artifact / "one_shot.onnx"), CUDA)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "one_shot.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(CompilerError, match="cannot load .*one_shot.onnx; --verbose shows what it said$"):
        open_session(str(path))


def test_a_file_without_a_graph_and_a_path_that_is_not_utf_8_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(CompilerError, match="cannot load .*empty.onnx"):
        open_session(str(tmp_path / "empty.onnx"))
    with pytest.raises(InputError, match="not UTF-8"):
        open_session(os.fsdecode(b"/tmp/caf\xe9.onnx"))


def test_many_samples_take_a_step_in_one_call_and_are_the_same_bits() -> None:
    runtime = load(default_onnx_artifact(), "onnxruntime", threads=1)
    single = load(default_onnx_artifact(), "onnxruntime", threads=1)
    single.takes_many = False
    golden = samples_of(runtime.artifact, runtime.artifact.golden(), "step").inputs
    shared = runtime.artifact.manifest.graphs["step"].shared
    rows = {name: value if name in shared else value[:5] for name, value in golden.items()}
    assert runtime.rows("step", 5) == 5 and single.rows("step", 5) == 1 == runtime.rows("one_shot", 5)
    together = graph_calls.run_graph(runtime, "step", rows)
    alone = graph_calls.run_graph(single, "step", rows)
    assert all(np.array_equal(together[name], alone[name]) for name in alone)
    with pytest.raises(InputError, match="batches of 1"):
        single.compute("step", rows)


def test_8_bit_sums_are_exact_on_every_processor(byte_sums: Path) -> None:
    (found,) = open_session(str(byte_sums)).run(["y"], {"x": np.full((1, 64, 4, 4), 255, np.float32)})
    np.testing.assert_array_equal(found[:, ::2], 255 * 64 * 127)
    np.testing.assert_array_equal(found[:, 1::2], 0)
