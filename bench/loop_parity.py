"""Compare whole runs of iterative generation in each runtime with PyTorch's autograd, on real faces.

    f2p-deploy export --target onnx -o build/demo/onnx
    python bench/loop_parity.py build/demo/onnx PHOTOS --count 10 --json bench/results/loop_parity.json

Each run begins where generation does, with the options that PyTorch tried out. The row `one rounding` is PyTorch again,
from a start with every controller perturbed by one float32 rounding: the divergence caused by rounding alone. The
column `first steps` compares losses before rounding differences have grown.
"""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from f2p_deploy.alignment.photo_files import expand
from f2p_deploy.artifact.artifact import Artifact, read_artifact
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.reference import reference_iterate, with_options_tried_out
from f2p_deploy.model.result import Trajectory
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.state import first_state
from f2p_deploy.pipeline import choose_finder_for
from f2p_deploy.pipeline.faces import aligned_faces
from f2p_deploy.runtimes import RUNTIMES as KINDS
from f2p_deploy.runtimes import load, search
from f2p_deploy.system.errors import F2PError

RUNTIMES = ("onnxruntime", "openvino", "openvino-bf16", "coreml")

#: Number of iterations before rounding differences have grown.
FIRST_STEPS = 5

ROUNDING = "one rounding"


@dataclass(frozen=True)
class Row:
    """Difference of one face in one runtime from PyTorch.

    Args:
        face: the photo's name.
        runtime: name of the runtime that ran the search.
        parameters: largest difference of a final parameter; discrete groups as probabilities.
        first_losses: largest relative difference of the first `FIRST_STEPS` losses.
        losses: largest relative difference of all losses.
        end: the last loss / PyTorch's last loss.
        psnr: PSNR of the final parameters' pictures, both drawn by PyTorch's imitator, in dB.
    """

    face: str
    runtime: str
    parameters: float
    first_losses: float
    losses: float
    end: float
    psnr: float


def main() -> None:
    """Run everything; print each face and the worst of each runtime."""
    options = _options()
    logging.basicConfig(level=logging.WARNING)
    bundle, artifact = load_bundle(options.bundle), read_artifact(options.artifact)
    if bundle.fingerprint != artifact.manifest.bundle_fingerprint:
        sys.exit(f"{options.artifact} was not made from the bundle {bundle.path}")
    photos = expand([options.photos])[: options.count]
    faces = aligned_faces(photos, bundle, choose_finder_for(options.landmarker, offline=options.offline))
    torch.set_num_threads(options.threads or torch.get_num_threads())
    rows: list[Row] = []
    for image, name in zip(faces.images, faces.names, strict=True):
        rows += compare(name, image[None], bundle, artifact, options.threads, options.plain)
    _print(rows)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "bundle": bundle.name,
            "target": artifact.manifest.target,
            "settings": asdict(bundle.settings.iterative),
            "plain_steps": options.plain,
            "rows": [*map(asdict, rows)],
        }
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def compare(
    name: str,
    face: np.ndarray,
    bundle: Bundle,
    artifact: Artifact,
    threads: int | None,
    plain: int | None,
) -> list[Row]:
    """Search one face (1, 3, S, S) in PyTorch and every other runtime, with `plain` plain steps if that is a number."""
    settings = bundle.settings.iterative
    if plain is not None:
        settings = replace(settings, iterations=plain, momentum=0.0)
    seen, beta = torch.from_numpy(face), bundle.settings.iterative.beta
    start = with_options_tried_out(bundle, seen, first_state(bundle, 1), beta)
    expected = reference_iterate(bundle, seen, settings, start)
    beside = torch.from_numpy(np.nextafter(start.numpy(), np.float32(1.0)))
    runs: dict[str, Callable[[], Trajectory]] = {ROUNDING: lambda: reference_iterate(bundle, seen, settings, beside)}
    suffixes = {Path(entry.file).suffix for entry in artifact.manifest.graphs.values()}
    for runtime in [name for name in RUNTIMES if suffixes <= set(KINDS[name].suffixes)]:
        runs[runtime] = partial(_run, artifact, runtime, threads, face, settings, start.numpy())
    rows = []
    for runtime, run in runs.items():
        try:
            rows.append(_row(name, runtime, expected, run(), bundle))
        except F2PError as error:
            logging.warning("%s: %s", runtime, error)
    return rows


def _run(
    artifact: Artifact,
    runtime: str,
    threads: int | None,
    face: np.ndarray,
    settings: IterativeSettings,
    start: np.ndarray,
) -> Trajectory:
    return search.iterate(load(artifact, runtime, threads), face, settings, start)


def _row(face: str, runtime: str, expected: Trajectory, found: Trajectory, bundle: Bundle) -> Row:
    relative = np.abs(found.losses / expected.losses - 1.0)[:, 0]
    pictures = [_draw(bundle, trajectory.parameters) for trajectory in (expected, found)]
    error = float(np.square(pictures[0] - pictures[1]).mean())
    return Row(
        face=face,
        runtime=runtime,
        parameters=float(np.abs(found.parameters - expected.parameters).max()),
        first_losses=float(relative[:FIRST_STEPS].max()),
        losses=float(relative.max()),
        end=float(found.losses[-1, 0] / expected.losses[-1, 0]),
        psnr=-10.0 * float(np.log10(max(error, 1e-20))),
    )


def _draw(bundle: Bundle, parameters: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return bundle.imitator(torch.from_numpy(parameters)).numpy().astype(np.float64)


def _print(rows: list[Row]) -> None:
    lines = [
        f"{'face':<16} {'runtime':<14} {'parameters':>10} {'first steps':>11} {'losses':>9} {'end':>7} {'PSNR':>9}"
    ]
    names = tuple(dict.fromkeys(row.runtime for row in rows))
    for runtime in names:
        own = [row for row in rows if row.runtime == runtime]
        worst = Row(
            "worst",
            runtime,
            max(row.parameters for row in own),
            max(row.first_losses for row in own),
            max(row.losses for row in own),
            max((row.end for row in own), key=lambda end: abs(end - 1.0)),
            min(row.psnr for row in own),
        )
        for row in (*own, worst):
            lines.append(
                f"{row.face:<16} {row.runtime:<14} {row.parameters:>10.2e} {row.first_losses:>11.1e} "
                f"{row.losses:>9.1e} {row.end:>7.4f} {row.psnr:>6.1f} dB"
            )
    sys.stdout.write("\n".join(lines) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("artifact", type=Path, help="an artifact")
    parser.add_argument("photos", type=Path, help="a photo, or a folder of photos")
    parser.add_argument("--bundle", type=Path, help="the artifact's bundle; the demo bundle if not given")
    parser.add_argument("--count", type=int, default=10, help="number of photos, in order of their names (10)")
    parser.add_argument("--plain", type=int, metavar="N", help="N plain steps instead of the bundle's search")
    parser.add_argument("--threads", type=int, help="all cores if not given")
    parser.add_argument("--landmarker", type=Path, help="MediaPipe's model file")
    parser.add_argument("--offline", action="store_true", help="find faces with the built-in networks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
