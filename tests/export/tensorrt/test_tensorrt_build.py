"""Engines that TensorRT for RTX builds without a card: the precision that was asked for, or an error that says why."""

import gc
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from f2p_deploy.export.calibration.ranges import Range
from f2p_deploy.export.int8.convert_int8 import FOR_TENSORRT, layers_of, to_int8
from f2p_deploy.export.tensorrt.compiler_process import run_in_child
from f2p_deploy.export.tensorrt.tensorrt_build import (
    EngineJob,
    EngineReport,
    Phases,
    build_engine,
    constants_of,
    require_kept,
)
from f2p_deploy.export.tensorrt.tensorrt_flavors import FLAVORS
from f2p_deploy.system.errors import CompilerError
from f2p_deploy.system.progress import Progress

WIDTH = 256
TYPES = {
    "fp32": (TensorProto.FLOAT, np.float32),
    "fp16": (TensorProto.FLOAT16, np.float16),
    "bf16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16),
}


def network(*precisions: str) -> onnx.ModelProto:
    """A chain of convolutions of several precisions with float32 ends, 0.6 million weights each."""
    nodes, weights, value = [], [], "face"
    for i, precision in enumerate(precisions):
        code, dtype = TYPES[precision]
        kernel = np.random.default_rng(i).normal(size=(WIDTH, WIDTH, 3, 3)).astype(dtype)
        weights.append(helper.make_tensor(f"kernel{i}", code, kernel.shape, kernel.tobytes(), raw=True))
        nodes.append(helper.make_node("Cast", [value], [f"given{i}"], to=code, name=f"cast{i}"))
        nodes.append(helper.make_node("Conv", [f"given{i}", f"kernel{i}"], [f"made{i}"], name=f"conv{i}", pads=[1] * 4))
        value = f"made{i}"
    nodes.append(helper.make_node("Cast", [value], ["image"], to=TensorProto.FLOAT, name="end"))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, WIDTH, 8, 8)) for name in ("face", "image")]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def build(
    folder: Path,
    model: onnx.ModelProto,
    precision: str,
    progress: Progress = lambda stage, *numbers: None,
    **other: object,
) -> tuple[EngineReport, bytes]:
    """Build in this process, which coverage and debuggers see."""
    pytest.importorskip("tensorrt_rtx")
    source, engine = folder / "chain.onnx", folder / "chain.engine"
    onnx.save(model, source)
    facts = {"graph": "chain", "flavor": FLAVORS["rtx"], "compute_capabilities": (), "precision": precision} | other
    job = EngineJob(source=source, engine=engine, **facts)
    report = build_engine(progress, job)
    return report, engine.read_bytes()


def test_an_engine_of_fp16_holds_half_the_bytes_of_its_twin(tmp_path: Path) -> None:
    half, half_bytes = build(tmp_path, network("fp16", "fp16"), "fp16")
    whole, whole_bytes = build(tmp_path, network("fp32", "fp32"), "fp32")
    assert (half.precision, half.workers) == ("fp16", {"fp16": 2})
    assert (whole.precision, whole.workers) == ("fp32", {"fp32": 2})
    count = 2 * WIDTH * WIDTH * 9
    assert (half.weights, whole.weights) == ({"fp16": 2 * count}, {"fp32": 4 * count})
    assert half.engine_bytes == len(half_bytes) and whole.engine_bytes == len(whole_bytes)
    assert 0.49 < len(half_bytes) / len(whole_bytes) < 0.55
    # The plan inside the engine names the same types: what a compiler that widened on its own would betray.
    assert half.constants == constants_of(half_bytes) and whole.constants == constants_of(whole_bytes)
    assert half.constants["fp16"] == pytest.approx(2 * count, rel=0.01)
    assert whole.constants["fp32"] == pytest.approx(4 * count, rel=0.01) and "fp16" not in whole.constants


def test_another_precision_than_asked_for_fails_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(CompilerError) as caught:
        build(tmp_path, network("fp16", "fp32", "fp16"), "fp16")
    assert "asked for in fp16, but of its 3 convolutions and matrix products 1 are fp32" in str(caught.value)
    assert "(the first: conv1)" in str(caught.value)
    with pytest.raises(CompilerError, match="asked for in fp32, but of its 1 convolutions .* 1 are fp16"):
        build(tmp_path, network("fp16"), "fp32")
    assert not (tmp_path / "chain.engine").exists()


def test_what_was_kept_in_float32_is_no_mismatch(tmp_path: Path) -> None:
    chain = network("fp16", "fp32", "fp32", "fp16")
    report, _ = build(tmp_path, chain, "fp16", kept_float32=("conv1", "conv2"))
    assert (report.precision, report.workers) == ("fp16", {"fp16": 2, "fp32": 2})
    assert report.constants["fp32"] == pytest.approx(report.weights["fp32"], rel=0.01)
    with pytest.raises(CompilerError, match="1 convolutions and matrix products 0 are missing"):
        build(tmp_path, network("fp32"), "fp16", kept_float32=("conv0",))


def in_8_bits(*layers: str) -> onnx.ModelProto:
    """Two convolutions of which some are quantised."""
    chain = onnx.shape_inference.infer_shapes(network("fp32", "fp32"), strict_mode=True)
    chosen = [layer for layer in layers_of(chain, FOR_TENSORRT) if layer.name in layers]
    return to_int8(chain, chosen, {layer.source: Range(4.0, True) for layer in chosen}, FOR_TENSORRT)


def test_8_bits_are_read_back_from_the_network_and_from_the_engine(tmp_path: Path) -> None:
    report, engine = build(tmp_path, in_8_bits("conv0", "conv1"), "int8", quantised=("conv0", "conv1"))
    assert (report.precision, report.workers) == ("int8", {"int8": 2})
    count = 2 * WIDTH * WIDTH * 9
    assert report.weights["int8"] == pytest.approx(count, rel=0.01)
    assert report.constants["int8"] == pytest.approx(count, rel=0.01) and len(engine) < 2 * count
    whole, _ = build(tmp_path, network("fp32", "fp32"), "fp32")
    assert report.engine_bytes < 0.35 * whole.engine_bytes, "a quarter of the weights, and as much plan"


def test_a_layer_beside_8_bits_may_be_float_and_one_that_should_be_8_bits_may_not(tmp_path: Path) -> None:
    report, _ = build(tmp_path, in_8_bits("conv1"), "int8", quantised=("conv1",))
    assert (report.precision, report.workers) == ("int8", {"fp32": 1, "int8": 1})
    with pytest.raises(CompilerError, match="asked for in int8, but of its 2 convolutions .* 1 are fp32"):
        build(tmp_path, in_8_bits("conv1"), "int8", quantised=("conv0", "conv1"))


def test_a_compiler_that_rounds_kept_nodes_is_detected(tmp_path: Path) -> None:
    """TensorRT for RTX 1.7 does, where a float32 convolution stands alone: the parsed network does not show it."""
    with pytest.raises(CompilerError) as caught:
        build(tmp_path, network("fp16", "fp32", "fp16"), "fp16", kept_float32=("conv1",))
    assert "chain has 2.36 MB of fp32 weights, its engine 0.00 MB" in str(caught.value)
    assert "keep the neighbours of float32 layers in float32 as well" in str(caught.value)
    assert not (tmp_path / "chain.engine").exists()


def test_weights_that_were_widened_are_found() -> None:
    job = EngineJob("render", Path("a"), Path("b"), FLAVORS["rtx"], (), "fp16")
    require_kept(job, {"fp16": 1_000_000, "fp32": 12}, {"fp16": 1_010_000})
    require_kept(job, {"fp16": 1_000_000}, {})
    with pytest.raises(CompilerError, match="render has 1.00 MB of fp16 weights, its engine 0.00 MB: .* changed their"):
        require_kept(job, {"fp16": 1_000_000}, {"fp32": 2_000_000})


def test_the_cards_change_the_engine(tmp_path: Path) -> None:
    portable, turing = (
        build(tmp_path, network("fp16"), "fp16", compute_capabilities=cards)[1] for cards in ((), ("7.5",))
    )
    assert portable != turing


def test_an_operator_that_the_library_lacks_is_named(tmp_path: Path) -> None:
    model = network("fp32")
    model.graph.node[1].op_type, model.graph.node[1].domain = "Conjure", "studio"
    model.opset_import.append(helper.make_opsetid("studio", 1))
    with pytest.raises(CompilerError, match=r"TensorRT for RTX .* cannot read chain: .*Conjure"):
        build(tmp_path, model, "fp32")


def test_no_garbage_is_collected_while_the_library_may_hold_its_lock(tmp_path: Path) -> None:
    # A collection inside the logger, with an older builder among the garbage, waited for ever.
    collected: list[bool] = []
    assert gc.isenabled()
    build(tmp_path, network("fp32"), "fp32", progress=lambda stage, *numbers: collected.append(gc.isenabled()))
    assert collected and not any(collected) and gc.isenabled()


def test_no_engine_quotes_the_library(tmp_path: Path) -> None:
    """Turing has no bfloat16. In a separate process, since the library keeps a process's first logger."""
    pytest.importorskip("tensorrt_rtx")
    onnx.save(network("bf16"), tmp_path / "chain.onnx")
    files = {"source": tmp_path / "chain.onnx", "engine": tmp_path / "chain.engine"}
    job = EngineJob("chain", **files, flavor=FLAVORS["rtx"], compute_capabilities=("7.5",), precision="bf16")
    with pytest.raises(CompilerError, match="could not build an engine of chain; --verbose shows what it said"):
        run_in_child(build_engine, (job,))
    assert not files["engine"].exists()


def test_progress_counts_phases_inside_phases() -> None:
    phases = Phases()
    phases.begin("building", 2)
    assert phases.fraction() == 0.0
    phases.begin("timing", 4)
    phases.step("timing")
    assert phases.fraction() == pytest.approx(0.125)
    phases.end("timing")
    assert phases.fraction() == pytest.approx(0.125)  # never back
    phases.step("building")
    assert phases.fraction() == pytest.approx(0.5)
    phases.step("building")
    phases.step("building")
    assert phases.fraction() == 1.0
