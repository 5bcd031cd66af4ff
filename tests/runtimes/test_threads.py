"""Thread safety: calls from several threads return the same bits as single calls, and results never change."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.runtimes import RUNTIMES, Runtime, TorchRuntime, load, search
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime
from f2p_deploy.system.errors import CompilerError

if TYPE_CHECKING:
    from f2p_deploy.export import Faces
    from f2p_deploy.model.bundle import Bundle

CALLERS, CALLS = 4, 4

RUNTIMES_HERE = ("onnxruntime", "openvino", "openvino-bf16", "torch", "coreml")

#: Inputs of one caller by graph, and what single calls gave.
Inputs = dict[str, dict[str, np.ndarray]]


@pytest.fixture(scope="module")
def artifact_for(
    small_bundle: "Bundle",
    small_faces: "Faces",
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    exporting: Callable[..., Any],
) -> Callable[[str, str, int], Artifact]:
    """Exports `small_bundle` for a target, precision and batch size, once, at the first request.

    A batch of several faces is without `step`, whose export takes longer than all others': a batch of one has it.
    """
    from f2p_deploy.export import export_bundle

    shared = {"onnx": "small_artifact", "coreml": "coreml_folder"}
    ready: dict[tuple[str, str, int], Artifact] = {}
    base = tmp_path_factory.mktemp("shared")

    def make(target: str, precision: str, batch: int) -> Artifact:
        key, folder = (target, precision, batch), base / f"{target}-{precision}-{batch}"
        if key not in ready and precision == "int8":
            ready[key] = in_8_bits(make(target, "float", batch), folder)
        elif key not in ready and batch == 1:
            ready[key] = read_artifact(request.getfixturevalue(shared[target]))
        elif key not in ready:
            with exporting("one_shot", "describe", "render", "segment"):
                ready[key] = export_bundle(small_bundle, target, folder, batch, small_faces, trajectories=0)
        return ready[key]

    return make


def in_8_bits(artifact: Artifact, folder: Path) -> Artifact:
    """Copy an artifact and quantise every layer of its graphs except `step`."""
    import onnx

    from f2p_deploy.export.calibration.histograms import observe
    from f2p_deploy.export.calibration.ranges import range_of
    from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS, layers_of, to_int8, values_of

    copy = Artifact(shutil.copytree(artifact.folder, folder), artifact.manifest)
    for graph, entry in artifact.manifest.graphs.items():
        if graph != "step":
            model = onnx.load(artifact.path(graph))
            layers = layers_of(model, FOR_PROCESSORS)
            row = {spec.name: np.random.default_rng(9).random(spec.shape, np.float32) for spec in entry.inputs}
            histograms = observe(model, values_of(model, layers, FOR_PROCESSORS), [row])
            ranges = {value: range_of(histogram, "min-max") for value, histogram in histograms.items()}
            copy.path(graph).write_bytes(to_int8(model, layers, ranges, FOR_PROCESSORS).SerializeToString())
    return copy


@pytest.fixture
def runtime_of(
    small_bundle: "Bundle", artifact_for: Callable[[str, str, int], Artifact]
) -> Callable[[str, str, int], Runtime]:
    def make(name: str, precision: str, batch: int) -> Runtime:
        if reason := RUNTIMES[name].why_not_here():
            pytest.skip(reason)
        if name == "torch":
            return TorchRuntime(small_bundle, batch, threads=1)
        return load(artifact_for("coreml" if name == "coreml" else "onnx", precision, batch), name, threads=1)

    return make


def inputs_of(runtime: Runtime, caller: int) -> Inputs:
    """Return random inputs of every graph for one caller: each caller's own quarter of the range of each tensor.

    Networks without training answer even noise of one mean nearly alike: in 8 bits, bfloat16 rounds two such answers
    to the same numbers on some processors.
    """
    rng = np.random.default_rng(caller)

    def draw(spec: Any) -> np.ndarray:
        low, high = spec.low or 0.0, 1.0 if spec.high is None else spec.high
        quarter = (high - low) / CALLERS
        return (low + quarter * (caller + rng.random(spec.shape))).astype(np.float32)

    graphs = runtime.artifact.manifest.graphs
    return {graph: {spec.name: draw(spec) for spec in entry.inputs} for graph, entry in graphs.items()}


CASES = [
    *((name, "float", batch) for name in RUNTIMES_HERE for batch in (1, 4)),
    *((name, "int8", batch) for name in RUNTIMES_HERE[:3] for batch in (1, 4)),
]


@pytest.mark.parametrize(("name", "precision", "batch"), CASES)
def test_every_caller_gets_its_own_answer(
    runtime_of: Callable[[str, str, int], Runtime], name: str, precision: str, batch: int
) -> None:
    runtime = runtime_of(name, precision, batch)
    given = [inputs_of(runtime, caller) for caller in range(CALLERS)]
    alone = [{graph: runtime.compute(graph, inputs[graph]) for graph in inputs} for inputs in given]
    # bfloat16 in 8 bits may round two answers of one graph to the same numbers: see `inputs_of`.
    most = 1 if (name, precision) == ("openvino-bf16", "int8") else 0
    for one in alone[1:]:
        same = [graph for graph in one if all(np.array_equal(one[graph][key], v) for key, v in alone[0][graph].items())]
        assert len(same) <= most, f"callers could not be told apart by {same}"
    start = threading.Barrier(CALLERS)

    def call(caller: int) -> list[tuple[str, dict[str, np.ndarray], dict[str, np.ndarray]]]:
        start.wait()
        answers = [(graph, runtime.compute(graph, given[caller][graph])) for graph in runtime.graphs * CALLS]
        # Copies beside the arrays themselves: what a caller holds must not change while others go on.
        return [(graph, found, {key: value.copy() for key, value in found.items()}) for graph, found in answers]

    with ThreadPoolExecutor(CALLERS) as pool:
        held = list(pool.map(call, range(CALLERS)))
    for graph in runtime.graphs:
        runtime.compute(graph, given[0][graph])
    for expected, answers in zip(alone, held, strict=True):
        for graph, found, copies in answers:
            for key, value in expected[graph].items():
                assert np.array_equal(found[key], value), f"{graph}: {key} is another answer than that of a single call"
                assert np.array_equal(found[key], copies[key]), f"{graph}: {key} changed in its caller's hands"


@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "torch"])
def test_searches_side_by_side(runtime_of: Callable[[str, str, int], Runtime], small_faces: "Faces", name: str) -> None:
    runtime = runtime_of(name, "float", 1)
    faces = [(face.transpose(1, 2, 0) * 255).round().astype(np.uint8) for face in small_faces.images[:2]]
    alone = [search.generate(runtime, face, "hybrid") for face in faces]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda face: search.generate(runtime, face, "hybrid"), faces))
    for one, other in zip(alone, together, strict=True):
        assert one.losses == other.losses and np.array_equal(one.parameters.values, other.parameters.values)


def test_a_graph_is_loaded_once_whoever_asks(small_artifact: Path) -> None:
    loaded: list[str] = []

    class Counting(OnnxRuntime):
        def _load(self, graph: str) -> Any:
            loaded.append(graph)
            time.sleep(0.05)  # long enough for all to ask
            return super()._load(graph)

    runtime = Counting(read_artifact(small_artifact), threads=1)
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        start.wait()
        runtime.prepare(["render" if number % 2 else "one_shot"])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    assert sorted(loaded) == ["one_shot", "render"]


def test_what_failed_to_load_is_tried_again(small_artifact: Path, tmp_path: Path) -> None:
    runtime = OnnxRuntime(read_artifact(shutil.copytree(small_artifact, tmp_path / "copy")), threads=1)
    path = runtime.artifact.path("one_shot")
    content = path.read_bytes()
    path.write_bytes(b"not a model")
    with pytest.raises(CompilerError, match="one_shot"):
        runtime.prepare(["one_shot"])
    path.write_bytes(content)
    runtime.prepare(["one_shot"])


FIRST_CALLS = """
import faulthandler, os, sys, threading
import numpy as np, openvino
from pathlib import Path
from f2p_deploy.runtimes.openvino_runtime import Requests, compile_graph
CALLERS = 32
def once():
    graph = Requests(compile_graph(Path(sys.argv[1]), "f32", 1))
    start = threading.Barrier(CALLERS)
    parameters = np.full(tuple(graph.compiled.inputs[0].shape), 0.5, np.float32)
    def call():
        start.wait()
        graph.run({"parameters": parameters})
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
for _ in range(16):
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(30, exit=True)  # whoever waits there keeps the interpreter's lock
        once()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        sys.exit("the first calls of this process never came back")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_first_calls_at_the_same_moment_do_not_wait_for_one_another_for_ever(small_artifact: Path) -> None:
    """OpenVINO's Python layer fills tables in its first call, where two threads could deadlock."""
    pytest.importorskip("openvino")
    line = [sys.executable, "-c", FIRST_CALLS, str(small_artifact / "render.onnx")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr.splitlines()[-1:]
