"""Which artifacts Triton can load, and the configuration of each graph beside the graph's file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.manifest import Parity
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.triton.served_graphs import MAX_BATCH, require_servable, served_graphs
from f2p_deploy.system.errors import F2PError, FloorMissed, InputError


def changed(artifact: Artifact, **manifest: object) -> Artifact:
    return Artifact(artifact.folder, replace(artifact.manifest, **manifest))


def with_files(artifact: Artifact, suffix: str, **manifest: object) -> Artifact:
    graphs = {name: replace(entry, file=f"{name}{suffix}") for name, entry in artifact.manifest.graphs.items()}
    return changed(artifact, graphs=graphs, **manifest)


def test_bad_artifacts_are_refused_in_one_sentence(served_artifact: Artifact) -> None:
    graphs = served_artifact.manifest.graphs
    step = graphs["step"]
    old = replace(step, inputs=tuple(spec for spec in step.inputs if spec.name != "before"))
    missed = Parity("render", "image", "PSNR dB", 20.0, 45.0, "higher", "astronaut", 6)
    cases: list[tuple[Artifact, type[F2PError], str]] = [
        (
            with_files(served_artifact, ".mlpackage", target="coreml"),
            InputError,
            "Triton loads ONNX graphs and TensorRT engines, but .* is of the target 'coreml': name an artifact of",
        ),
        (
            with_files(served_artifact, ".engine", hardware={"flavor": "rtx"}),
            InputError,
            "are for TensorRT for RTX, which Triton cannot load: export them with --flavor tensorrt",
        ),
        (
            changed(served_artifact, graphs={name: graphs[name] for name in graphs if name != "describe"}),
            InputError,
            "has no graph 'describe', which photos need",
        ),
        (changed(served_artifact, graphs={**graphs, "step": old}), InputError, "has an older format: make it again"),
        (changed(served_artifact, batch=4), InputError, "batches of 4, but Triton fills batches itself"),
        (changed(served_artifact, parity=(missed,)), FloorMissed, "does not compute the same face"),
    ]
    require_servable(served_artifact)
    for artifact, kind, sentence in cases:
        with pytest.raises(kind, match=sentence):
            require_servable(artifact)


def test_engines_of_tensorrt_have_fixed_batches(
    served_artifact: Artifact, tmp_path: Path, parsed: Callable
) -> None:
    artifact = with_files(served_artifact, ".engine", target="trt-fp16", hardware={"flavor": "tensorrt"})
    artifact = Artifact(tmp_path, artifact.manifest)
    for name in artifact.manifest.graphs:
        artifact.path(name).write_bytes(name.encode())
    require_servable(artifact)
    served = served_graphs(artifact, Schema.from_dict(artifact.manifest.schema, "test"))
    assert all(graph.fixed == "TensorRT engines have a fixed batch size" for graph in served.values())
    assert served["step"].content == b"step"
    config = parsed(served["step"].config.text())
    assert config.platform == "tensorrt_plan" and config.max_batch_size == 0
    specs = {spec.name: list(spec.shape) for spec in artifact.manifest.graphs["step"].inputs}
    assert {tensor.name: list(tensor.dims) for tensor in config.input} == specs


def test_graphs_beside_a_search_through_the_shortcut(fast_artifact: Artifact) -> None:
    served = served_graphs(fast_artifact, Schema.from_dict(fast_artifact.manifest.schema, "test"))
    assert {"step_fast", "compare_fast"} <= set(served)
    several = fast_artifact.manifest.graphs["compare_fast"].batch
    assert several > 1 and served["compare_fast"].fixed == f"it takes {several} samples at once"
    assert served["step_fast"].config.max_batch_size in (0, MAX_BATCH)


def test_a_file_that_is_not_what_the_manifest_says_is_refused(forged: Callable, served_artifact: Artifact) -> None:
    def swap(folder: Path) -> None:
        (folder / "render.onnx").write_bytes((folder / "describe.onnx").read_bytes())

    artifact = read_artifact(forged(swap))
    with pytest.raises(InputError, match=r"render.onnx has the inputs .*, its manifest says"):
        served_graphs(artifact, Schema.from_dict(artifact.manifest.schema, "test"))


def test_an_unknown_precision_is_refused(served_artifact: Artifact) -> None:
    graphs = served_artifact.manifest.graphs
    graphs = {**graphs, "one_shot": replace(graphs["one_shot"], precision_asked="fp3")}
    artifact = changed(served_artifact, graphs=graphs)
    with pytest.raises(InputError, match="no thresholds for the precision 'fp3'"):
        served_graphs(artifact, Schema.from_dict(artifact.manifest.schema, "test"))
