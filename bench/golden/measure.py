"""The golden vectors of an artifact on a runtime that lives in another Python: convert, run, compare with PyTorch.

    python bench/golden/measure.py mnn build/demo/onnx --python /tmp/venv/bin/python -o out.json

`mnn.sh`, `litert.sh`, `executorch.sh` and `arm64.sh` beside this file make that Python and call it. Each graph is
converted and run in a process of its own by `run_TOOL.py`: from the artifact's ONNX (mnn, onnxruntime), or from the
bundle's modules as `torch.export` traces them (litert, executorch; both Pythons need one version of PyTorch). Each
value is the worst sample's, beside its floor; a graph that was refused has the message's first line instead.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import numpy as np

from f2p_deploy.artifact.artifact import Artifact, Parity, read_artifact
from f2p_deploy.artifact.golden import GoldenSamples, samples_of
from f2p_deploy.artifact.parity import Precision, compare
from f2p_deploy.character.schema import Schema

HERE = Path(__file__).resolve().parent

#: Seconds for the conversion and the run of one graph.
LIMIT = 3600

#: The words for run_TOOL.py of each kind of kernels: those that the tool takes by itself, and its plain ones.
KERNELS = {"mnn": ([],), "onnxruntime": ([],), "litert": ([], ["--plain"]), "executorch": ([], ["--plain"])}

#: The tools that read ONNX; the others convert the bundle's modules.
FROM_ONNX = ("mnn", "onnxruntime")


def write_onnx(artifact: Artifact, wanted: Collection[str], folder: Path) -> dict[str, Path]:
    """Write the wanted ONNX graphs of an artifact, each with its weights as one file; return the files by graph."""
    import onnx

    files = {name: folder / f"{name}.onnx" for name in wanted}
    for name, file in files.items():
        onnx.save(onnx.load(artifact.folder / artifact.manifest.graphs[name].file), file)
    return files


def write_programs(artifact: Artifact, wanted: Collection[str], bundle: Path, folder: Path) -> dict[str, Path]:
    """Write the wanted graphs of a bundle as programs of `torch.export`, norms folded and the gradient lowered."""
    import torch

    from f2p_deploy.export.export_graphs import exportable_graphs
    from f2p_deploy.export.onnx.checked_folding import folded_and_proven
    from f2p_deploy.model.bundle import load_bundle

    files, golden = {}, artifact.golden()
    for graph in exportable_graphs(load_bundle(bundle), artifact.manifest.batch):
        if graph.name not in wanted:
            continue
        samples = samples_of(artifact, golden, graph.name)
        given = next(iter(batches(samples, artifact.manifest.graphs[graph.name].shared)))
        module = graph.exported() if graph.lower is not None else folded_and_proven(graph, given, False)
        tensors = tuple(torch.from_numpy(given[spec.name]) for spec in graph.inputs)
        files[graph.name] = folder / f"{graph.name}.pt2"
        with torch.no_grad():
            torch.export.save(torch.export.export(module.eval(), tensors), files[graph.name])
    return files


def batches(samples: GoldenSamples, shared: Collection[str]) -> list[dict[str, np.ndarray]]:
    """Return the inputs of each sample, for a graph of the batch size 1."""
    return [
        {name: value if name in shared else value[k : k + 1] for name, value in samples.inputs.items()}
        for k in range(len(samples.names))
    ]


def measure_graph(
    artifact: Artifact, graph: str, tool: str, python: Path, file: Path, words: list[str]
) -> dict[str, Any]:
    """Convert and run one graph in the other Python, and return its measures, or why there are none."""
    entry, samples = artifact.manifest.graphs[graph], samples_of(artifact, artifact.golden(), graph)
    given = batches(samples, entry.shared)
    inputs, outputs = file.with_suffix(".in.npz"), file.with_suffix(".out.npz")
    np.savez(inputs, **{name: np.stack([part[name] for part in given]) for name in samples.inputs})
    names = [spec.name for spec in entry.outputs]
    command = [str(python), str(HERE / f"run_{tool}.py"), str(file), str(inputs), str(outputs), *names, *words]
    try:
        ran = subprocess.run(
            command,
            cwd=file.parent,
            env=os.environ | {"PYTHONFAULTHANDLER": "1"},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"passed": False, "error": f"not done after {LIMIT} s"}
    if ran.returncode:
        return {"passed": False, "error": why_refused(ran.returncode, ran.stderr).replace(str(file.parent), "")}
    with np.load(outputs) as stored:
        found = {name: stored[name][:, 0] for name in names}
    schema = Schema.from_dict(artifact.manifest.schema, "schema")
    precision = cast(Precision, entry.precision_asked)
    records = compare(graph, samples.reference, found, samples.names, precision, schema, samples.inputs)
    return {"passed": all(record.passed for record in records), "measures": dict(map(_row, records))}


def why_refused(status: int, said: str) -> str:
    """Return the first line of a refusal, or by which signal the process ended, doing what and in which function."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["no message"]
    refusals = [line.removeprefix("refused: ") for line in lines if line.startswith("refused: ")]
    if refusals:
        return refusals[-1]
    if status >= 0:
        return f"exit status {status}: {lines[-1]}"
    doing = [line.removeprefix("doing: ") for line in lines if line.startswith("doing: ")]
    # As faulthandler writes them: File "...", line 5 in function; the innermost comes first.
    functions = [line.rpartition(" in ")[2] for line in lines if line.startswith('File "') and " in " in line]
    where = f", in {functions[0]}" if functions else ""
    return f"{signal.Signals(-status).name} while {(doing or ['starting'])[-1]}{where}"


def _row(record: Parity) -> tuple[str, list[float]]:
    return f"{record.output}: {record.metric}", [float(f"{record.value:.3g}"), record.floor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", choices=tuple(KERNELS))
    parser.add_argument("artifact", type=Path, help="ONNX, batch size 1")
    parser.add_argument("--bundle", type=Path, help="the artifact's bundle; litert and executorch convert its modules")
    parser.add_argument("--python", type=Path, required=True, help="the Python that the tool is installed in")
    parser.add_argument("--graph", action="append", help="only this graph (repeatable)")
    parser.add_argument("-o", "--out", type=Path, help="JSON; rows are added to those that it has")
    words = parser.parse_args()
    if words.tool not in FROM_ONNX and words.bundle is None:
        parser.error(f"{words.tool} converts modules: --bundle is needed")
    artifact = read_artifact(words.artifact)
    if artifact.manifest.batch != 1:
        parser.error(f"the artifact's batch size should be 1, found {artifact.manifest.batch}")
    wanted = words.graph or list(artifact.manifest.graphs)
    rows = json.loads(words.out.read_text()) if words.out is not None and words.out.is_file() else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if words.tool in FROM_ONNX:
            files = write_onnx(artifact, wanted, folder)
        else:
            files = write_programs(artifact, wanted, words.bundle, folder)
        for kernels in KERNELS[words.tool]:
            rows.append(measure(artifact, files, words.tool, words.python.absolute(), kernels))
            if words.out is not None:
                words.out.write_text(json.dumps(rows, indent=1) + "\n")


def measure(artifact: Artifact, files: dict[str, Path], tool: str, python: Path, kernels: list[str]) -> dict[str, Any]:
    """Measure all graphs with one kind of kernels, print the measures and return them."""
    version = [str(python), str(HERE / f"run_{tool}.py"), "--version", *kernels]
    runtime = subprocess.run(version, capture_output=True, text=True, check=True).stdout.strip().splitlines()[-1]
    print(f"{artifact.manifest.bundle}, {artifact.manifest.target} | {runtime}")
    graphs = {}
    for name, file in files.items():
        graph = graphs[name] = measure_graph(artifact, name, tool, python, file, kernels)
        measures = "; ".join(f"{key} {value[0]:g}" for key, value in graph.get("measures", {}).items())
        verdict = "refused" if "error" in graph else "passed" if graph["passed"] else "MISSED"
        print(f"  {name}: {verdict}: {graph.get('error', measures)}", flush=True)
    names = {"bundle": artifact.manifest.bundle, "target": artifact.manifest.target}
    return {**names, "runtime": runtime, "graphs": graphs}


if __name__ == "__main__":
    main()
