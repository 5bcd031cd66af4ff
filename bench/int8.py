"""Compare 8 bits with float32 on CPUs: speed, size and, on photos, accuracy of the characters.

    f2p-deploy calibrate portraits portraits_small --only training -o build/calibration
    f2p-deploy export --target onnx -o build/demo/onnx
    f2p-deploy export --target onnx-int8 --calibration build/calibration -o build/demo/onnx-int8
    python bench/int8.py build/demo/onnx build/demo/onnx-int8 --photos portraits portraits_small --json FILE

Everything is timed in turns, one call each per round, so that other load on the machine affects all alike. Accuracy
is measured on photos held out from training and calibration. Without the second artifact every layer that can be
quantised is, whatever the loss of accuracy: for bundles with random weights, where only speed and size are meaningful.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import torch

from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.artifact.onnx_file import read_structure, weights
from f2p_deploy.artifact.parity import _agreement, _cosine, _psnr, _relative_l1
from f2p_deploy.export.calibration.histograms import observe
from f2p_deploy.export.calibration.ranges import range_of
from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS, layers_of, to_int8, values_of
from f2p_deploy.export.timing import medians_ms
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.pipeline.faces import aligned_faces
from f2p_deploy.runtimes import Runtime, TorchRuntime, load
from f2p_deploy.training.data.photo_choice import select_photos

RUNTIMES = ("onnxruntime", "openvino")
GRAPHS = ("one_shot", "describe", "render")


def main() -> None:
    """Measure and print."""
    words = _words()
    torch.set_num_threads(words.threads or torch.get_num_threads())
    with tempfile.TemporaryDirectory() as folder:
        measure(words, Path(folder))


def measure(words: argparse.Namespace, folder: Path) -> None:
    """Run the measurements of the command line.

    Args:
        words: parsed arguments.
        folder: for an artifact that is built here.
    """
    whole = read_artifact(words.whole)
    rounded = read_artifact(words.rounded) if words.rounded else _all_in_8_bits(whole, folder)
    bundle = load_bundle(words.bundle)
    for artifact in (whole, rounded):
        if artifact.manifest.bundle_fingerprint != bundle.fingerprint:
            sys.exit(f"{artifact.folder} was not made from the bundle {bundle.path}")
    runners = {"eager": TorchRuntime(bundle, threads=words.threads)} | {
        f"{runtime} {name}": load(artifact, runtime, words.threads)
        for runtime in RUNTIMES
        for name, artifact in (("float32", whole), ("8 bits", rounded))
    }
    result: dict[str, object] = {"threads": words.threads, "bundle": bundle.name, "speed": {}, "size": {}}
    for graph in GRAPHS:
        inputs = _golden_inputs(whole, graph)
        times = dict(zip(runners, _turns(runners.values(), graph, inputs, words.rounds), strict=True))
        result["speed"][graph] = times  # type: ignore[index]
        sizes = {name: _bytes(artifact, graph) for name, artifact in (("float32", whole), ("8 bits", rounded))}
        result["size"][graph] = sizes  # type: ignore[index]
        print(
            f"\n{graph}: weights {sizes['float32'] / 1e6:.2f} MB, {sizes['8 bits'] / 1e6:.2f} MB in 8 bits "
            f"({sizes['8 bits'] / sizes['float32']:.0%})"
        )
        for name, ms in times.items():
            print(f"  {name:<22} {ms:8.2f} ms  {times['eager'] / ms:5.2f} times eager")
    if words.photos:
        result["accuracy"] = _accuracy(words, bundle, runners)
    if words.json:
        words.json.parent.mkdir(parents=True, exist_ok=True)
        words.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _all_in_8_bits(artifact: Artifact, folder: Path) -> Artifact:
    """Return an artifact with every quantisable layer in 8 bits, ranges from the golden inputs."""
    for graph in GRAPHS:
        model = onnx.load(artifact.path(graph))
        layers = layers_of(model, FOR_PROCESSORS)
        histograms = observe(model, values_of(model, layers, FOR_PROCESSORS), [_golden_inputs(artifact, graph)])
        ranges = {value: range_of(histogram, "min-max") for value, histogram in histograms.items()}
        onnx.save(to_int8(model, layers, ranges, FOR_PROCESSORS), folder / f"{graph}.onnx")
    return Artifact(folder, artifact.manifest)


def _turns(runners: Sequence[Runtime], graph: str, inputs: dict[str, np.ndarray], rounds: int) -> list[float]:
    calls: list[Callable[[], object]] = [partial(runner.compute, graph, inputs) for runner in runners]
    found = [medians_ms(calls) for _ in range(rounds)]
    return [float(np.median(column)) for column in zip(*found, strict=True)]


def _golden_inputs(artifact: Artifact, graph: str) -> dict[str, np.ndarray]:
    golden = artifact.golden()
    return {spec.name: golden[f"{graph}.{spec.name}"][:1] for spec in artifact.manifest.graphs[graph].inputs}


def _bytes(artifact: Artifact, graph: str) -> int:
    return sum(entry["bytes"] for entry in weights(read_structure(artifact.path(graph))).values())


def _accuracy(words: argparse.Namespace, bundle: Bundle, runners: dict[str, Runtime]) -> dict[str, dict[str, float]]:
    """Compare every runtime with eager PyTorch on held-out photos, and print it."""
    finder = choose_finder_for(words.landmarker, None, False)
    faces = aligned_faces(select_photos(words.photos, "held-out"), bundle, finder)
    schema, eager = bundle.schema, runners["eager"]
    parameters = _run(eager, "one_shot", "face", faces.images)["parameters"]
    described = _run(eager, "describe", "face", faces.images)
    drawn_from = parameters.astype(np.float32)
    pictures = _run(eager, "render", "parameters", drawn_from)["image"]
    found = {}
    print(f"\n{len(faces.names)} held-out photos, against eager PyTorch")
    for name, runner in runners.items():
        made = _run(runner, "one_shot", "face", faces.images)["parameters"]
        seen = _run(runner, "describe", "face", faces.images)
        drawn = _run(runner, "render", "parameters", drawn_from)["image"]
        difference = np.abs(made - parameters)[:, : schema.n_c]
        found[name] = {
            "controllers mean": float(difference.mean()),
            "controllers max": float(difference.max()),
            "discrete agreement": float(_agreement(parameters, made, schema).mean()),
            "identity cosine, worst": float(_cosine(described["identity"], seen["identity"]).min()),
            "content difference, worst": float(_relative_l1(described["content"], seen["content"]).max()),
            "render PSNR dB, worst": float(_psnr(pictures, drawn).min()),
        }
        print(f"  {name:<22} " + ", ".join(f"{measure} {value:.4g}" for measure, value in found[name].items()))
    return found


def _run(runner: Runtime, graph: str, tensor: str, rows: np.ndarray) -> dict[str, np.ndarray]:
    parts = [runner.compute(graph, {tensor: rows[i : i + 1]}) for i in range(len(rows))]
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float64) for name in parts[0]}


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("whole", type=Path, help="an artifact of the target onnx")
    parser.add_argument("rounded", type=Path, nargs="?", help="one of onnx-int8, of the same bundle")
    parser.add_argument("--bundle", type=Path, help="the bundle of both; the demo bundle if not given")
    parser.add_argument(
        "--photos", type=Path, nargs="*", default=[], help="photos and folders; those held out are used"
    )
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's face_landmarker.task")
    parser.add_argument("--threads", type=int, help="all cores if not given")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the median of their medians is reported (5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
