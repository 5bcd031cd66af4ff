"""The golden vectors for F2PKit's tests on a device: `golden.json`, and one flat file per tensor."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.golden import samples_of, trajectory_of
from f2p_deploy.artifact.parity import FLOORS, step_error
from f2p_deploy.system.errors import InputError

GOLDEN_INDEX = "golden.json"


def golden_files(
    artifact: Artifact, most: int | None = None, only: Collection[str] | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the index of an artifact's golden vectors, and the contents of the files that it names.

    Faces are 8-bit RGB, sample after sample, row by row (`.rgb`); all other tensors are little-endian float32 in
    row-major order (`.f32`).

    Args:
        artifact: the artifact.
        most: largest number of samples per graph; None for all of them, and the recorded search.
        only: names of the graphs to write; None for all of them.

    Raises:
        InputError: the artifact lacks the golden vectors of a graph, or has a precision without thresholds.
    """
    golden = artifact.golden()
    files: dict[str, bytes] = {}
    graphs: dict[str, Any] = {}
    for name, entry in artifact.manifest.graphs.items():
        if only is not None and name not in only:
            continue
        if entry.precision_asked not in FLOORS:
            raise InputError(f"no floors for the precision {entry.precision_asked!r} of {name} in {artifact.folder}")
        floors = FLOORS[entry.precision_asked]
        samples = samples_of(artifact, golden, name)
        shared = artifact.manifest.graphs[name].shared
        arrays = {
            tensor: values if tensor in shared else values[:most]
            for tensor, values in {**samples.inputs, **samples.reference}.items()
        }
        graphs[name] = {
            "samples": list(samples.names[:most]),
            "floors": asdict(floors) | {"length": step_error(floors)},
            "tensors": _tensors(name, arrays, files),
        }
    trajectory = trajectory_of(golden)
    index: dict[str, Any] = {"graphs": graphs}
    if trajectory is not None and most is None and "step" in graphs:
        exact = {name: getattr(trajectory, name) for name in ("learning_rates", "states", "losses")}
        index["trajectory"] = _tensors("trajectory", exact, files)
    return index, files


def _tensors(prefix: str, arrays: Mapping[str, np.ndarray], files: dict[str, bytes]) -> dict[str, Any]:
    """Add tensors to `files` and return their entries in the index."""
    entries = {}
    for name, values in arrays.items():
        if name == "face":
            file, content = f"{prefix}.{name}.rgb", np.rint(values * 255.0).astype(np.uint8).transpose(0, 2, 3, 1)
        else:
            file, content = f"{prefix}.{name}.f32", values.astype("<f4")
        files[file] = np.ascontiguousarray(content).tobytes()
        entries[name] = {"file": file, "shape": list(values.shape)}
    return entries
