"""The artifact of a TensorRT target: engines beside their ONNX, and nothing where a builder was killed."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.artifact.onnx_file import layers_in_8_bits
from f2p_deploy.export import BuildOptions, Faces, export_bundle
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.targets import TARGETS
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.runtimes import load
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.system.extras import install_line

pytest.importorskip("onnxsim")
pytest.importorskip("tensorrt_rtx")

#: Where an export gets its graphs from.
GRAPHS = "f2p_deploy.export.export_graphs.exportable_graphs"


@pytest.fixture
def only_render(monkeypatch: pytest.MonkeyPatch) -> None:
    """Export the smallest of the graphs alone."""
    monkeypatch.setattr(GRAPHS, lambda *given: (exportable_graphs(*given)[2],))


def kill_builders(*told: object) -> None:
    """Kill every process that this one started, as a system without memory would."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    for child in children:
        if b"compiler_process" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)


def test_engines_and_their_sources(small_bundle: Bundle, small_faces: Faces, only_render: None, tmp_path: Path) -> None:
    options = BuildOptions("rtx", ("8.9",))
    artifact = export_bundle(small_bundle, "trt-fp16", tmp_path / "out", faces=small_faces, options=options)
    manifest = read_artifact(artifact.folder).manifest
    entry = manifest.graphs["render"]
    assert (entry.file, entry.source) == ("render.engine", "onnx/render.onnx")
    assert (entry.precision_asked, entry.precision_found) == ("fp16", "fp16")
    assert b"type=half" in (artifact.folder / "render.engine").read_bytes()
    assert manifest.hardware["flavor"] == "rtx" and manifest.hardware["compute_capability"] == "8.9"
    assert manifest.tools["tensorrt-rtx"].startswith("1.")
    assert manifest.command.endswith("--flavor rtx --compute-capability 8.9")
    assert (manifest.parity_status, manifest.verified) == ("passed", "graph")
    assert "onnxruntime" in manifest.verified_with
    with pytest.raises(InputError, match=r"does not run .engine files"):
        load(artifact, "onnxruntime")
    kinds = {weight.data_type for weight in onnx.load(artifact.folder / entry.source).graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds


def test_8_bits_are_built_and_judged_with_the_rest_in_half_precision(
    small_bundle: Bundle,
    small_faces: Faces,
    make_calibration_set: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(GRAPHS, lambda *given: exportable_graphs(*given)[:1])
    options = BuildOptions("rtx", ("8.9",), make_calibration_set(tmp_path / "set"))
    artifact = export_bundle(small_bundle, "trt-int8", tmp_path / "out", faces=small_faces, options=options)
    manifest, entry = artifact.manifest, artifact.manifest.graphs["one_shot"]
    assert (entry.precision_asked, entry.precision_found) == ("int8", "int8")
    assert (manifest.parity_status, manifest.verified) == ("passed", "graph")
    assert "every float16 value rounded" in manifest.verified_with
    source = onnx.load(artifact.folder / entry.source)
    kinds = {weight.data_type for weight in source.graph.initializer}
    assert {onnx.TensorProto.INT8, onnx.TensorProto.FLOAT16} <= kinds and onnx.TensorProto.UINT8 not in kinds
    assert manifest.calibration["running"] == "unproven"
    verdict = manifest.calibration["verdict"]["one_shot"]
    assert len(layers_in_8_bits(source)) == verdict["quantised"] > 0 and verdict["ms"] is None
    assert b"type=int8" in (artifact.folder / "one_shot.engine").read_bytes()


def test_sources_of_another_precision_are_found_out(
    small_bundle: Bundle, small_faces: Faces, only_render: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commonest silent failure of deployment: float16 asked for, float32 built."""
    from f2p_deploy.export import precision

    make_sources = precision.make_sources
    monkeypatch.setattr(
        precision, "make_sources", lambda graphs, samples, asked, *more: make_sources(graphs, samples, "fp32", *more)
    )
    with pytest.raises(CompilerError, match="render was asked for in fp16, but of its 6 .* 6 are fp32") as caught:
        export_bundle(small_bundle, "trt-fp16", tmp_path / "out", faces=small_faces)
    assert "To repeat it: f2p-deploy export --target trt-fp16 -o " in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the builder's process in Linux's /proc")
def test_a_killed_builder_leaves_nothing(
    small_bundle: Bundle, small_faces: Faces, only_render: None, tmp_path: Path
) -> None:
    def kill_while_building(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
        if total and done > 0.3:
            kill_builders()

    with pytest.raises(CompilerError) as caught:
        export_bundle(small_bundle, "trt-fp32", tmp_path / "out", 1, small_faces, kill_while_building)
    assert caught.value.exit_code == 4
    assert str(caught.value).startswith("building the engine of render with TensorRT for RTX 1.")
    assert "its process was killed (SIGKILL)" in str(caught.value) and "To repeat it: f2p-deploy" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_killed_builder_keeps_the_artifact_of_before(
    small_bundle: Bundle, small_faces: Faces, only_render: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_bundle(small_bundle, "onnx", tmp_path / "out", faces=small_faces)
    before = (tmp_path / "out" / "manifest.json").read_bytes()
    monkeypatch.setattr(
        "f2p_deploy.export.targets.tensorrt_target.build_engine", signal.raise_signal
    )  # a wrong call: TypeError
    with pytest.raises(CompilerError, match="TypeError"):
        export_bundle(small_bundle, "trt-fp32", tmp_path / "out", faces=small_faces)
    assert (tmp_path / "out" / "manifest.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_without_a_compiler_nothing_slow_begins(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f2p_deploy.export.tensorrt import tensorrt_flavors

    monkeypatch.setattr(tensorrt_flavors, "find_spec", lambda module: None)
    assert install_line("rtx") in TARGETS["trt-fp16"].why_not_here()
    stages: list[str] = []
    with pytest.raises(MissingDependency, match=re.escape(install_line("rtx"))):
        export_bundle(small_bundle, "trt-fp16", tmp_path / "out", progress=lambda stage, *numbers: stages.append(stage))
    assert not stages and not list(tmp_path.iterdir())
