"""OpenVINO computes the golden vectors and the gradient, in the precision that was asked for."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

openvino = pytest.importorskip("openvino")

from f2p_deploy.artifact.artifact import read_artifact  # noqa: E402
from f2p_deploy.runtimes import (  # noqa: E402
    Runtime,
    load,
    search,  # noqa: E402
)
from f2p_deploy.runtimes.openvino_runtime import (  # noqa: E402
    CAPABILITIES,
    MOST_CALLS,
    OpenVinoBf16,
    Requests,
    compile_graph,
    precisions_of,
    shared_core,
    streams_for,
)
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency  # noqa: E402
from f2p_deploy.system.threads import usable_cores  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

NO_BF16 = pytest.mark.skipif(
    "BF16" not in shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"), reason="a processor without bf16"
)


@pytest.fixture(scope="module")
def runtime(small_artifact: Path) -> Runtime:
    return load(small_artifact, "openvino", threads=1)


def first_step(runtime: Runtime) -> tuple[np.ndarray, np.ndarray]:
    """Return what the step adds to the first golden state, and what PyTorch adds."""
    golden = runtime.artifact.golden()
    state, identity, content = (golden[f"step.{name}"][:1] for name in ("state", "identity", "content"))
    moved = runtime.step(state, identity, content, float(golden["step.learning_rate"][0])).next_state
    return (moved - state).ravel(), (golden["step.next_state"][:1] - state).ravel()


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_golden_vectors(runtime: Runtime) -> None:
    golden = runtime.artifact.golden()
    face = golden["one_shot.face"][:1]
    assert np.abs(runtime.one_shot(face) - golden["one_shot.parameters"][:1]).max() < 1e-5
    identity, content = runtime.describe(face)
    assert np.allclose(identity, golden["describe.identity"][:1], rtol=1e-3, atol=1e-5)
    assert np.allclose(content, golden["describe.content"][:1], rtol=1e-3, atol=1e-5)
    assert np.abs(runtime.render(golden["render.parameters"][:1]) - golden["render.image"][:1]).max() < 1e-4


def test_the_gradient_is_pytorchs(runtime: Runtime) -> None:
    """With weights shared between forward and backward pass, OpenVINO computed a wrong gradient."""
    assert cosine(*first_step(runtime)) > 0.9999


def test_the_gradient_through_weights_stored_in_float16_is_pytorchs(carrying_bundle: "Bundle") -> None:
    assert cosine(*first_step(load(carrying_bundle.path, "openvino", threads=1))) > 0.9999


def test_the_gradient_through_packed_weights_is_onnx_runtimes(small_artifact: Path, tmp_path: Path) -> None:
    """Weights that are computed from codes were shared after all, and the gradient pointed anywhere."""
    onnx = pytest.importorskip("onnx")
    from f2p_deploy.export.palette.layer_weights import layer_weights
    from f2p_deploy.export.palette.packed_weights import with_packed_weights
    from f2p_deploy.export.palette.rounding import round_weight
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

    artifact = read_artifact(small_artifact)
    model = onnx.load(str(artifact.path("step")))
    rounded = {weight.key: round_weight(weight, 8, None, False) for weight in layer_weights(model)}
    path = tmp_path / "step.onnx"
    onnx.save(with_packed_weights(model, rounded), str(path))
    golden = artifact.golden()
    inputs = {one.name: golden[f"step.{one.name}"] for one in model.graph.input}
    inputs = {name: value[:1] if value.ndim > 1 else value for name, value in inputs.items()}
    (expected,) = open_session(path.read_bytes()).run(["next_state"], inputs)
    compiled = compile_graph(path, "f32", 1)
    found = dict(zip((one.any_name for one in compiled.outputs), compiled(inputs).values(), strict=True))["next_state"]
    start = golden["step.lookahead"][:1]
    assert cosine((found - start).ravel(), (expected - start).ravel()) > 0.9999


@pytest.mark.parametrize("exact", [True, False])
def test_weights_of_explicit_quantisation_stay_in_8_bits_where_these_add_up(
    byte_sums: Path, monkeypatch: pytest.MonkeyPatch, exact: bool
) -> None:
    monkeypatch.setattr("f2p_deploy.runtimes.openvino_runtime.adds_bytes_exactly", lambda: exact)
    compiled = compile_graph(byte_sums, "f32", 1)
    assert all((precision in ("i8", "u8")) == exact for precision in precisions_of(compiled))


def test_8_bit_sums_are_exact_on_every_processor(byte_sums: Path) -> None:
    found = compile_graph(byte_sums, "f32", 1)([np.full((1, 64, 4, 4), 255, np.float32)])[0]
    np.testing.assert_array_equal(found[:, ::2], 255 * 64 * 127)
    np.testing.assert_array_equal(found[:, 1::2], 0)


def test_what_was_returned_stays(runtime: Runtime) -> None:
    parameters = runtime.artifact.golden()["render.parameters"]
    first = runtime.render(parameters[:1])
    copy = first.copy()
    runtime.render(parameters[1:2])
    assert np.array_equal(first, copy)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX systems")
def test_an_interrupt_is_heard_after_runtimes_ended_on_other_threads(small_artifact: Path) -> None:
    """OpenVINO frees the stack that it gave this thread's signal handlers: the process died without a word."""
    program = f"""
import gc, signal, threading
from f2p_deploy.runtimes import load
signal.signal(signal.SIGINT, signal.default_int_handler)
held = [load({str(small_artifact)!r}, "openvino", threads=1) for _ in range(2)]
for runtime in held:
    runtime.describe_device()
del runtime
other = threading.Thread(target=held.clear)
other.start()
other.join()
gc.collect()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("heard")
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0 and ran.stdout.endswith("heard\n"), ran.stderr


def test_float32_is_read_back(runtime: Runtime) -> None:
    assert runtime.describe_device().startswith(f"openvino {openvino.__version__.split('-')[0]}, ")
    assert runtime.describe_device().endswith(", f32")


@NO_BF16
def test_bfloat16_is_read_back(small_artifact: Path) -> None:
    runtime = load(small_artifact, "openvino-bf16", threads=1)
    assert "bf16" in runtime.describe_device()
    face = runtime.artifact.golden()["one_shot.face"][:1]
    difference = np.abs(runtime.one_shot(face) - runtime.artifact.golden()["one_shot.parameters"][:1]).max()
    assert 1e-5 < difference < 3e-2
    assert precisions_of(compile_graph(small_artifact / "one_shot.onnx", "bf16", 1)).keys() == {"bf16"}


def test_a_processor_without_bfloat16(small_artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CAPABILITIES, "bf16", "a capability that no processor has")
    assert "does not compute in bf16: the runtime 'openvino' computes in f32" in OpenVinoBf16.why_not_here()
    with pytest.raises(MissingDependency, match="the runtime 'openvino-bf16' cannot run here: .* in bf16"):
        load(small_artifact, "openvino-bf16")


def test_the_number_of_threads_reaches_the_compiled_graph(small_artifact: Path) -> None:
    compiled = compile_graph(small_artifact / "render.onnx", "f32", threads=1)
    streams = compiled.get_property("NUM_STREAMS")
    assert streams == streams_for(1) and compiled.get_property("INFERENCE_NUM_THREADS") == streams
    # Pinned, two graphs of one thread each would share the first core.
    assert compiled.get_property("ENABLE_CPU_PINNING") is False


def test_calls_side_by_side_are_as_many_as_there_are_cores_for() -> None:
    cores = usable_cores()
    assert streams_for(None) == streams_for(cores) == streams_for(cores + 1) == 1
    assert streams_for(1) == min(cores, MOST_CALLS)


def test_nan_that_openvino_takes_for_a_number_is_refused_where_it_goes_in(runtime: Runtime, tmp_path: Path) -> None:
    """Its Relu of NaN is 0, so the output would be finite, and the NaN would go unnoticed."""
    onnx = pytest.importorskip("onnx")
    from onnx import helper

    ends = [helper.make_tensor_value_info(name, 1, [1]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "r.onnx")
    given = {"x": np.array([np.nan], np.float32)}
    assert Requests(compile_graph(tmp_path / "r.onnx", "f32", 1)).run(given)["y"].tolist() == [0.0]
    golden = runtime.artifact.golden()
    for entry in runtime.artifact.manifest.graphs.values():
        for spec in entry.inputs:
            assert runtime.checked_input("a graph", spec, np.full(spec.shape, 0.5, np.float32)) is not None
            with pytest.raises(InputError, match=f"'{spec.name}' holds NaN or infinite"):
                runtime.checked_input("a graph", spec, np.full(spec.shape, np.nan, np.float32))
    face = golden["one_shot.face"][:1].copy()
    face[0, 0, 0, 0] = np.nan
    with pytest.raises(InputError, match="'face' holds NaN"):
        search.iterate(runtime, face)
    state = golden["step.state"][:1].copy()
    state[0, 0] = np.nan
    with pytest.raises(InputError, match="'state' holds NaN"):
        search.iterate(runtime, golden["one_shot.face"][:1], start=state)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "one_shot.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(CompilerError, match="cannot load .*one_shot.onnx; --verbose shows what it said$"):
        compile_graph(path, "f32")


def test_graphs_are_compiled_when_first_used(small_artifact: Path) -> None:
    runtime = load(read_artifact(small_artifact), "openvino", threads=1)
    assert runtime._ready == {}
    runtime.prepare(["render"])
    assert set(runtime._ready) == {"render"}


def test_a_grey_gradient_laid_back_to_three_channels(tmp_path: Path) -> None:
    """OpenVINO refuses the exported graph: one channel times three weights, then a grouped transposed convolution."""
    onnx = pytest.importorskip("onnx")
    from onnx import helper, numpy_helper

    weights = np.array([0.299, 0.587, 0.114], np.float32).reshape(1, 3, 1, 1)
    nodes = [
        helper.make_node("Conv", ["x", "one"], ["grey"]),
        helper.make_node("Expand", ["grey", "shape"], ["wide"]),
        helper.make_node("Mul", ["wide", "weights"], ["colours"]),
        helper.make_node("ConvTranspose", ["colours", "quarter"], ["y"], group=3, strides=[2, 2]),
    ]
    constants = {
        "one": np.ones((1, 1, 1, 1), np.float32),
        "shape": np.array([1, 3, 4, 4]),
        "weights": weights,
        "quarter": np.full((3, 1, 2, 2), 0.25, np.float32),
    }
    tensors = [helper.make_tensor_value_info(name, 1, [1, c, n, n]) for name, c, n in (("x", 1, 4), ("y", 3, 8))]
    initialisers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "grey", tensors[:1], tensors[1:], initialisers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "g.onnx")
    picture = np.random.default_rng(0).standard_normal((1, 1, 4, 4), np.float32)
    found = compile_graph(tmp_path / "g.onnx", "f32", 1)({"x": picture})["y"]
    expected = (picture * weights * 0.25).repeat(2, axis=2).repeat(2, axis=3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
