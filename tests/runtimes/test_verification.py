"""The function `verify`: it finds artifacts that compute other results, and reports which files were not run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.embed import default_onnx_artifact
from f2p_deploy.runtimes import load, verification
from f2p_deploy.runtimes.verification import Verification, measure_golden, verify
from f2p_deploy.system.errors import FloorMissed, InputError, MissingDependency

onnx = pytest.importorskip("onnx")
ROOT = Path(__file__).resolve().parents[2]


def missed(found: Verification) -> list[tuple[str, str]]:
    return [(record.graph, record.metric) for record in found.measured.parity if not record.passed]


def as_engines(forged: Callable[..., Path], with_sources: bool = True, **manifest: object) -> Path:
    """Write an artifact whose files no runtime here can run, like engines without their card."""
    graphs = {
        name: replace(entry, file=f"{name}.card", source=entry.file if with_sources else "")
        for name, entry in read_artifact(forged()).manifest.graphs.items()
    }

    def compile_all(folder: Path) -> None:
        for name in graphs:
            (folder / f"{name}.card").write_bytes(b"machine code of another machine")

    return forged(compile_all, graphs=graphs, **manifest)


def test_a_good_artifact_is_measured_as_the_export_measured_it(small_artifact: Path) -> None:
    stages: list[str] = []
    found = verify(small_artifact, "onnxruntime", threads=1, progress=stages.append)
    assert found.measured.parity_status == "passed" and not missed(found)
    assert found.measured.verified == "runtime" and found.scope() == "the artifact's own files were run"
    # Of `step` the artifact keeps three samples, and the golden trajectory adds one for each later state.
    metrics = {(record.graph, record.metric): record.samples for record in found.measured.parity}
    runs = {(graph, metric) for graph, metric in metrics if "steps" in metric}
    assert len(runs) == 2 and all(record.floor < 0.1 for record in found.measured.parity if "after" in record.metric)
    assert metrics == {
        ("one_shot", "controllers max abs difference"): 2,
        ("one_shot", "discrete arg-max agreement"): 2,
        ("describe", "cosine"): 2,
        ("describe", "relative L1 difference"): 2,
        ("render", "PSNR dB"): 2,
        ("step", "cosine of the update"): 3 + 9,
        ("step", "relative length of the update"): 3 + 9,
        ("step", "relative difference"): 3 + 9,
        ("step", "max abs difference"): 3 + 9,
        ("segment", "relative L1 difference"): 2,
    } | dict.fromkeys(runs, 1)
    assert stages[0] == "files" and "10 steps with onnxruntime" in stages
    floors = {(record.graph, record.metric): record.floor for record in read_artifact(small_artifact).manifest.parity}
    kept = [record for record in found.measured.parity if (record.graph, record.metric) in floors]
    assert len(kept) == 10 and all(record.floor == floors[record.graph, record.metric] for record in kept)


def test_another_picture_misses_its_floor_with_the_samples_name(forged: Callable[..., Path]) -> None:
    def brighten(folder: Path) -> None:
        model = onnx.load(folder / "render.onnx")
        bias = next(weight for weight in reversed(model.graph.initializer) if list(weight.dims) == [3])
        bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(0.05), bias.name))
        onnx.save(model, folder / "render.onnx")

    found = verify(forged(brighten), threads=1)
    assert missed(found) == [("render", "PSNR dB")]
    with pytest.raises(FloorMissed, match="render: PSNR dB of image is .*must be at least 60 .worst of 2: astronaut"):
        found.measured.require_parity()


def test_another_gradient_misses_its_floor(forged: Callable[..., Path]) -> None:
    """A max pool that sends its gradient to the wrong place, or a lost branch, would look like this."""

    def mistake(folder: Path) -> None:
        model = onnx.load(folder / "step.onnx", load_external_data=False)
        sign = next(node for node in model.graph.node if node.op_type == "Sign")
        sign.op_type = "Abs"  # the L1 norm's gradient: |d| in place of sign(d)
        onnx.save(model, folder / "step.onnx")

    assert ("step", "cosine of the update") in missed(verify(forged(mistake), threads=1))


def test_a_step_of_another_length_misses_its_floor(forged: Callable[..., Path]) -> None:
    def hurry(folder: Path) -> None:
        model = onnx.load(folder / "step.onnx", load_external_data=False)
        rate = next(given.name for given in model.graph.input if given.name == "learning_rate")
        for node in model.graph.node:
            node.input[:] = ["faster" if name == rate else name for name in node.input]
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32([1.2]), "factor"))
        model.graph.node.insert(0, onnx.helper.make_node("Mul", [rate, "factor"], ["faster"], name="hurry"))
        onnx.save(model, folder / "step.onnx")

    found = missed(verify(forged(hurry), "onnxruntime", threads=1))
    assert ("step", "relative length of the update") in found and ("step", "cosine of the update") not in found


@pytest.mark.parametrize("name", ["bgr", "scaled twice", "layout", "gradient", "stale weights"])
def test_mistakes_of_real_deployments_are_named(
    forged: Callable[..., Path], ways_to_break: dict[str, Callable[[Path], None]], name: str
) -> None:
    found = missed(verify(forged(ways_to_break[name]), "onnxruntime", threads=1))
    graphs = {graph for graph, _ in found}
    if name == "gradient":
        assert graphs == {"step"} and ("step", "cosine of the update") in found
    elif name == "stale weights":
        assert "one_shot" in graphs
    else:
        assert graphs == {"one_shot"}


def test_a_stale_weight_file_is_named_before_anything_runs(
    small_artifact: Path, ways_to_break: dict[str, Callable[[Path], None]], tmp_path: Path
) -> None:
    folder = tmp_path / "stale"
    shutil.copytree(small_artifact, folder)
    ways_to_break["stale weights"](folder)
    with pytest.raises(InputError, match=r"weights\.bin"):
        verify(folder)


def test_golden_outputs_of_other_networks_are_missed(forged: Callable[..., Path]) -> None:
    def exchange(folder: Path) -> None:
        with np.load(folder / "golden.npz") as arrays:
            golden = {name: arrays[name] for name in arrays.files}
        golden["one_shot.parameters"] = golden["one_shot.parameters"][::-1]
        golden["trajectory.losses"] = golden["trajectory.losses"] * np.float32(1.5)
        np.savez(folder / "golden.npz", **golden)

    graphs = {graph for graph, _ in missed(verify(forged(exchange), threads=1))}
    assert graphs == {"one_shot", "step"}


def test_what_cannot_run_here_is_checked_by_its_source_and_said_to_be(forged: Callable[..., Path]) -> None:
    found = verify(as_engines(forged), threads=1)
    assert found.measured.verified == "graph" and found.measured.parity_status == "passed"
    assert found.to_dict()["verified"] == "graph"
    for words in ("the ONNX of the same precision", "were not run: no runtime ", ".card files"):
        assert words in found.scope()
    assert verify(found.artifact.folder, "onnxruntime", threads=1).measured.verified == "graph"


def test_what_overflows_on_a_card_is_found_where_none_is(
    forged: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """ONNX Runtime computes the graph in float32 on a processor, where nothing overflows."""
    from onnx import TensorProto, helper, numpy_helper

    def overflow(folder: Path) -> None:
        model = onnx.load(folder / "render.onnx")
        graph, value = model.graph, "image.before"
        graph.node[-1].output[0] = value
        graph.initializer.append(numpy_helper.from_array(np.array(3e4, np.float16), "large"))
        steps = [("Cast", {"to": TensorProto.FLOAT16}), ("Mul", {}), ("Mul", {}), ("Div", {}), ("Div", {})]
        for i, (operator, attributes) in enumerate((*steps, ("Cast", {"to": TensorProto.FLOAT}))):
            given, value = [value, *(["large"] if operator != "Cast" else [])], "image" if i == len(steps) else f"on{i}"
            graph.node.append(helper.make_node(operator, given, [value], f"overflow{i}", **attributes))
            if value != "image":
                graph.value_info.append(helper.make_tensor_value_info(value, TensorProto.FLOAT16, None))
        onnx.save(model, folder / "render.onnx")
        (folder / "render.card").write_bytes(b"machine code of another machine")

    entry = read_artifact(forged()).manifest.graphs["render"]
    entry = replace(entry, file="render.card", source=entry.file, precision_asked="fp16")
    folder = forged(overflow, graphs={"render": entry})
    found = verify(folder, threads=1)
    assert missed(found) == [("render", "PSNR dB")]
    with pytest.raises(FloorMissed, match="render: PSNR dB of image is (nan|-inf), must be at least 45"):
        found.measured.require_parity()
    monkeypatch.setattr(verification, "find_spec", lambda name: None)
    assert verify(folder, threads=1).measured.parity_status == "passed"
    assert "with onnx installed" in caplog.text


def test_without_a_source_it_is_not_verified(forged: Callable[..., Path]) -> None:
    folder = as_engines(forged, with_sources=False)
    with pytest.raises(MissingDependency, match="keeps no ONNX to check instead: .*card"):
        verify(folder)
    with pytest.raises(InputError, match="'onnxruntime'.*.card files"):
        verify(folder, "onnxruntime")


def test_another_machines_artifact(forged: Callable[..., Path]) -> None:
    with pytest.raises(MissingDependency, match="built for the operating system Plan 9.*f2p-deploy export"):
        verify(forged(hardware={"built_for": "Plan 9", "os": "Plan 9"}))


def test_words_that_cannot_be_meant(small_artifact: Path, forged: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="Did you mean 'onnxruntime'"):
        verify(small_artifact, "onnxruntim")
    with pytest.raises(InputError, match="threads must be at least 1"):
        verify(small_artifact, threads=0)
    graphs = {
        name: replace(e, precision_asked="fp12") for name, e in read_artifact(small_artifact).manifest.graphs.items()
    }
    with pytest.raises(InputError, match="no floors for the precision 'fp12' of one_shot.*Known: fp32, fp16, int8"):
        verify(forged(graphs=graphs))


def test_files_that_do_not_belong_are_named(forged: Callable[..., Path]) -> None:
    folder = forged()
    (folder / "Thumbs.db").write_bytes(b"")
    assert verify(folder, threads=1).extra_files == ("Thumbs.db",)


def test_neither_torch_nor_onnx_is_needed(small_artifact: Path) -> None:
    code = f"""
import sys
for name in ("torch", "onnx", "onnxscript", "onnxsim"):
    sys.modules[name] = None
from f2p_deploy.cli import main
main(["verify", {str(small_artifact)!r}, "--threads", "1"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert "parity with PyTorch: passed" in done.stdout and "verified: runtime" in done.stdout


def test_a_twin_for_many_samples_that_computes_something_else_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    shutil.copytree(default_onnx_artifact().folder, folder)
    runtime = load(read_artifact(folder), "onnxruntime", threads=1)
    assert all(record.passed for record in measure_golden(runtime))
    twin = onnx.load(folder / "step.many.onnx", load_external_data=False)
    for node in twin.graph.node:
        if "loss" in node.output:
            node.output[list(node.output).index("loss")] = "right"
    twin.graph.node.append(onnx.helper.make_node("Neg", ["right"], ["loss"]))
    onnx.save(twin, folder / "step.many.onnx")
    changed = load(runtime.artifact, "onnxruntime", threads=1)
    missed = [record for record in measure_golden(changed) if not record.passed]
    assert [(record.graph, record.output) for record in missed] == [("step", "loss, many at once")]
