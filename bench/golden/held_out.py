"""The worst difference from PyTorch over held-out portraits, of every graph of artifacts on this machine's runtimes.

    python bench/golden/held_out.py PORTRAITS build/demo/onnx build/demo/litert -o bench/results/held_out_parity.json

Takes the first `--count` portraits that are held out from all training (`photo_is_held_out`) and have one face. Steps
are taken from the state that is read from each photo, near the end of a search. An artifact runs on the first runtime
that reads it; rows are added to those that the JSON has.
"""

import argparse
import json
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from f2p_deploy.alignment import NetworkFinder, align_photo
from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.artifact.parity import Precision, compare
from f2p_deploy.export.export_graphs import ExportGraph, exportable_graphs
from f2p_deploy.export.samples import Samples, sample_graphs
from f2p_deploy.model.bundle import Bundle, demo_bundle_path, load_bundle
from f2p_deploy.runtimes import load
from f2p_deploy.runtimes.batches import run_in_batches
from f2p_deploy.system.errors import PhotoError
from f2p_deploy.training.data.portraits import photo_is_held_out


def main() -> None:
    """Measure, print, and write."""
    words = _words()
    bundle = load_bundle(words.bundle)
    graphs = exportable_graphs(bundle, 1)
    faces = held_out_faces(words.portraits, bundle, words.count)
    print(f"{len(faces.names)} portraits")
    samples = sample_graphs(bundle, graphs, faces)
    samples |= {graph.name: from_read_states(samples[graph.name], graph) for graph in graphs if graph.name == "step"}
    rows = json.loads(words.out.read_text("utf-8"))["rows"] if words.out and words.out.is_file() else []
    for folder in words.artifacts:
        row = measure(folder, samples)
        rows = [one for one in rows if one["target"] != row["target"]] + [row]
        print(f"{row['target']} | {row['runtime']}")
        for graph, measures in row["graphs"].items():
            print(f"  {graph}: " + "; ".join(f"{name} {value:.3g}" for name, (value, _) in measures.items()))
        if words.out:
            command = f"python bench/golden/held_out.py {shlex.join(sys.argv[1:])}"
            content = {"command": command, "photos": len(faces.names), "bundle": bundle.name, "rows": rows}
            words.out.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def held_out_faces(portraits: Path, bundle: Bundle, count: int) -> Faces:
    """Return the first held-out portraits' aligned faces."""
    finder, images, names = NetworkFinder(), [], []
    template, size = bundle.settings.alignment.landmarks, bundle.settings.architecture.image_size
    for photo in sorted(portraits.iterdir()):
        if len(images) == count or photo.suffix.lower() not in (".jpg", ".png") or not photo_is_held_out(photo):
            continue
        try:
            face = align_photo(photo, finder, template, size)
        except PhotoError:
            continue
        images.append(face.image.transpose(2, 0, 1).astype(np.float32) / 255)
        names.append(photo.name)
    return Faces(np.stack(images), tuple(names))


def from_read_states(samples: Samples, step: ExportGraph) -> Samples:
    """Return steps from the states that are read from the photos, where updates are small."""
    state = samples.inputs["content"][:, : samples.inputs["state"].shape[1]]
    inputs = {**samples.inputs, "state": state, "before": state}
    reference = run_in_batches(step.compute, inputs, step.batch, samples.shared)
    return Samples(samples.names, inputs, reference, samples.shared)


def measure(folder: Path, samples: dict[str, Samples]) -> dict[str, Any]:
    """Return the worst value of every measure of an artifact's graphs, each beside its floor."""
    artifact = read_artifact(folder)
    runtime = load(artifact, "auto")
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for graph in runtime.graphs:
        entry, sample = artifact.manifest.graphs[graph], samples[graph]
        outputs = run_in_batches(partial(runtime.compute, graph), sample.inputs, entry.batch, sample.shared)
        precision = cast(Precision, entry.precision_asked)
        schema = runtime.schema
        records = compare(graph, sample.reference, outputs, sample.names, precision, schema, sample.inputs)
        found[graph] = {f"{one.output}: {one.metric}": (float(f"{one.value:.3g}"), one.floor) for one in records}
    return {"target": artifact.manifest.target, "runtime": runtime.describe_device(), "graphs": found}


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("portraits", type=Path, help="a folder of photos")
    parser.add_argument("artifacts", type=Path, nargs="+")
    parser.add_argument("--bundle", type=Path, default=demo_bundle_path(), help="the artifacts' bundle")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("-o", "--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
