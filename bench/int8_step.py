"""Measure the gradient step with its forward pass in 8 bits: single steps and whole runs.

    python bench/int8_step.py build/demo/onnx build/calibration --runs 4

The backward pass stays float32. Prints the cosine of the update and the error of the loss on states of calibration
faces held out from the ranges, the time of a step, and the end of whole runs of plain steps by the float32 loss.
"""

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.export.calibration.calibration_set import read_calibration_set
from f2p_deploy.export.calibration.histograms import observe
from f2p_deploy.export.calibration.inputs import calibration_inputs
from f2p_deploy.export.calibration.ranges import range_of
from f2p_deploy.export.int8.convert_int8 import FOR_PROCESSORS, layers_of, to_int8, values_of
from f2p_deploy.export.timing import medians_ms
from f2p_deploy.export.trajectory import follow
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.reference import with_options_tried_out
from f2p_deploy.model.search_loss import describer
from f2p_deploy.model.state import StateToParameters, first_state
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session
from f2p_deploy.runtimes.step_tensors import plain_step

OUTPUTS = ["next_state", "loss", "lookahead"]


def main() -> None:
    """Measure and print."""
    words = _words()
    bundle, calibration = load_bundle(words.bundle), read_calibration_set(words.calibration)
    faces = np.stack([calibration.image(i) for i in np.linspace(0, calibration.count - 1, words.faces).astype(int)])
    model = onnx.load(read_artifact(words.artifact).path("step"))
    inputs = calibration_inputs(bundle, faces, "step")
    settings = bundle.settings.iterative
    rows = [
        [
            plain_step(part["state"][i : i + 1], _described(part, i), settings.learning_rate, settings)
            for i in range(len(part["state"]))
        ]
        for part in (inputs.measured, inputs.judged)
    ]
    forward = _forward(model)
    layers = [layer for layer in layers_of(model, FOR_PROCESSORS) if layer.name in forward]
    histograms = observe(model, values_of(model, layers, FOR_PROCESSORS), rows[0])
    for method in ("min-max", "percentile", "mse"):
        ranges = {value: range_of(histogram, method) for value, histogram in histograms.items()}
        quantised = to_int8(model, layers, ranges, FOR_PROCESSORS)
        sessions = [open_session(made.SerializeToString(), threads=words.threads) for made in (model, quantised)]
        cosines, losses = zip(*(_compare(sessions, given) for given in rows[1]), strict=True)
        ms = medians_ms([partial(session.run, OUTPUTS, rows[1][0]) for session in sessions])
        print(
            f"{method}: {len(layers)} layers of the forward pass; cosine of the update {min(cosines):.3f} at worst, "
            f"{np.median(cosines):.3f} in the median; loss error {max(losses):.1%} at worst; a step {ms[0]:.1f} ms in "
            f"float32, {ms[1]:.1f} ms in 8 bits; {len(model.SerializeToString()) / 1e6:.1f} MB and "
            f"{len(quantised.SerializeToString()) / 1e6:.1f} MB"
        )
        for face in faces[: words.runs]:
            print(f"  {_run(bundle, sessions, face)}")


def _described(part: Mapping[str, np.ndarray], row: int) -> dict[str, np.ndarray]:
    return {name: part[name][row : row + 1] for name in ("identity", "content")}


def _forward(model: onnx.ModelProto) -> set[str]:
    """Return the names of the nodes that the loss depends on: the others are the backward pass."""
    makers = {output: node for node in model.graph.node for output in node.output}
    found: set[str] = set()
    left = ["loss"]
    while left:
        node = makers.get(left.pop())
        if node is not None and node.name not in found:
            found.add(node.name)
            left += node.input
    return found


def _compare(sessions: list[Any], given: dict[str, np.ndarray]) -> tuple[float, float]:
    """Return the cosine of both updates, and the relative difference of the losses."""
    (state, loss, _), (other_state, other_loss, _) = (session.run(OUTPUTS, given) for session in sessions)
    update, other = (value[0] - given["state"][0] for value in (state, other_state))
    cosine = float(update @ other / (np.linalg.norm(update) * np.linalg.norm(other)))
    return cosine, float(abs(other_loss[0] - loss[0]) / loss[0])


def _run(bundle: Bundle, sessions: list[Any], face: np.ndarray) -> str:
    """Search one face with both sessions; return a sentence on where they end."""
    settings, photo = bundle.settings.iterative, torch.from_numpy(face[None])
    start = with_options_tried_out(bundle, photo, first_state(bundle, 1), settings.beta).numpy()
    with torch.no_grad():
        identity, content = (value.numpy() for value in describer(bundle)(photo))

    def compute(session: Any, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(OUTPUTS, session.run(OUTPUTS, given), strict=True))

    ends = [follow(partial(compute, session), 1, bundle, start, identity, content) for session in sessions]
    last = plain_step(ends[1].states[-1:], {"identity": identity, "content": content}, 0.0, settings)
    true = sessions[0].run(["loss"], last)[0][0]
    to_parameters = StateToParameters(bundle, settings.beta)
    whole, rounded = (to_parameters(torch.from_numpy(end.states[-1:])) for end in ends)
    with torch.no_grad():
        error = float((bundle.imitator(whole) - bundle.imitator(rounded)).square().mean())
    return (
        f"a run from {ends[0].losses[0]:.4f} to {ends[0].losses[-1]:.4f}, in 8 bits to {true:.4f}; parameters differ "
        f"by {float((whole - rounded).abs().max()):.3f} at most, pictures by {-10 * np.log10(error):.1f} dB"
    )


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("artifact", type=Path, help="an artifact of the target onnx")
    parser.add_argument("calibration", type=Path, help="a calibration set of the same bundle")
    parser.add_argument("--bundle", type=Path, help="the bundle of both; the demo bundle if not given")
    parser.add_argument("--faces", type=int, default=24, help="number of faces of the set (24)")
    parser.add_argument("--runs", type=int, default=2, help="whole runs (2)")
    parser.add_argument("--threads", type=int, help="all cores if not given")
    return parser.parse_args()


if __name__ == "__main__":
    main()
