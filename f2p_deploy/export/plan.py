"""The plan of an export: everything that can be refused is refused here, before the slow work."""

import errno
import json
import logging
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f2p_deploy.artifact.artifact import MANIFEST_FILE, TensorSpec, require_artifact_place
from f2p_deploy.artifact.parity import Precision
from f2p_deploy.character.schema import suggestion
from f2p_deploy.export.calibration.calibration_set import RECOMMENDED, CalibrationSet, read_calibration_set
from f2p_deploy.export.targets import Target, find_target
from f2p_deploy.export.targets.target import DEFAULT_OPTIONS, BuildOptions, Toolchain
from f2p_deploy.model.bundle import Bundle, demo_bundle_path
from f2p_deploy.system.errors import CompilerError, InputError
from f2p_deploy.system.extras import require

if TYPE_CHECKING:
    from f2p_deploy.export.export_graphs import ExportGraph

logger = logging.getLogger(__name__)

#: The graphs that may compute in 8 bits; `step` may not, see docs/calibration.md.
INT8_GRAPHS = ("one_shot", "describe", "render")

#: Bytes of one weight.
WEIGHT_BYTES: dict[Precision, int] = {"fp32": 4, "fp16": 2, "int8": 1, "int4": 1}

#: Size of a compiled file without its weights, in bytes: the most that TensorRT for RTX writes.
PLAN_BYTES = 8_000_000

#: The system's error codes for a full disk, an exceeded quota and a file that is too large.
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class PlannedGraph:
    """One graph of a plan.

    Args:
        file: the file that it is written to.
        inputs, outputs: its tensors.
        weights: number of parameters of its networks.
    """

    file: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    weights: int


@dataclass(frozen=True)
class ExportPlan:
    """The plan of an export.

    Args:
        target, precision: the target, and the precision whose thresholds apply.
        bundle: name of the bundle.
        batch: batch size of every graph.
        compiler: the compiler's name and version.
        hardware: `Manifest.hardware` of the artifact: the machines that will run the files.
        graphs: by name.
        folder: the artifact's folder.
        replaces: the artifact that is there now, in words; empty if there is none.
        bytes_at_most: estimated upper limit of the artifact's size, see `require_space`.
        bytes_free: free space in that place.
        measured_with: the runtime that will measure parity, on the files or on their sources.
        verified: what that measurement proves, see `Manifest`.
        trajectories: number of faces on which whole iterative generations are compared.
        command: the command line of the export.
    """

    target: str
    precision: Precision
    bundle: str
    batch: int
    compiler: str
    hardware: Mapping[str, str]
    graphs: Mapping[str, PlannedGraph]
    folder: Path
    replaces: str
    bytes_at_most: int
    bytes_free: int
    measured_with: str
    verified: str
    trajectories: int
    command: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self) | {"folder": str(self.folder)}


def plan_export(
    bundle: Bundle,
    target: str,
    out: Path | None = None,
    batch: int = 1,
    trajectories: int = 1,
    options: BuildOptions = DEFAULT_OPTIONS,
) -> ExportPlan:
    """Return the plan of `export_bundle` with the same arguments, without writing anything.

    Raises:
        InputError, MissingDependency: as `export_bundle` raises before it begins to build.
    """
    chosen, toolchain = check_request_of(target, batch, trajectories, options)
    from f2p_deploy.export.export_graphs import exportable_graphs

    require_halves(bundle, options)
    calibration_set(chosen, options, bundle)
    folder = artifact_folder(bundle, target, out)
    require_artifact_place(folder)
    graphs = tuple(graph for graph in exportable_graphs(bundle, batch) if chosen.holds(graph.name))
    return ExportPlan(
        target=target,
        precision=chosen.precision,
        bundle=bundle.name,
        batch=batch,
        compiler=toolchain.name,
        hardware=toolchain.hardware,
        graphs={
            graph.name: PlannedGraph(
                chosen.planned_file(graph.name, options), graph.inputs, graph.outputs, _weights(graph)
            )
            for graph in graphs
        },
        folder=folder,
        replaces=_what_lies_in(folder),
        bytes_at_most=require_space(folder, graphs, chosen, options),
        bytes_free=_free(folder),
        measured_with=chosen.runtime,
        verified=chosen.verified,
        trajectories=trajectories,
        command=command_line(bundle, target, folder, batch, trajectories, options),
    )


def check_request_of(target: str, batch: int, trajectories: int, options: BuildOptions) -> tuple[Target, Toolchain]:
    """Return the target and its toolchain on this machine.

    Raises:
        InputError: an unknown target, options that it does not take or with invalid values, a batch for a target that
            has none, a negative number of trajectories.
        MissingDependency: packages, compilers or hardware that the build needs are missing.
    """
    chosen = find_target(target)
    chosen.require_options(options)
    if batch > 1 and not chosen.batches:
        raise InputError(f"{target} computes one face at a time, and --batch {batch} was asked for")
    if trajectories < 0:
        raise InputError(f"the number of trajectories must not be negative, found {trajectories}")
    for extra in chosen.build_extras:
        require(extra, f"the target {target!r}")
    return chosen, chosen.toolchain(options)


def require_halves(bundle: Bundle, options: BuildOptions) -> None:
    """Raise unless `--weights float16` is lossless for a bundle.

    Raises:
        InputError: the bundle stores its weights in a higher precision.
    """
    if options.weights == "float16" and bundle.settings.storage != "float16":
        raise InputError(
            f"the bundle {bundle.path} stores its weights in {bundle.settings.storage}, which --weights float16 would "
            "round: leave the option out, or choose the target onnx-fp16, which computes in half precision"
        )


def calibration_set(target: Target, options: BuildOptions, bundle: Bundle) -> CalibrationSet | None:
    """Return the calibration set that a target needs, checked against the bundle; None if it needs none.

    Raises:
        InputError: no set was named, it is damaged or was made for another bundle, its photos have changed, or
            `keep_float` names a graph that cannot compute in 8 bits.
    """
    if not target.calibrated:
        return None
    for name in options.keep_float:
        if name not in INT8_GRAPHS:
            raise InputError(
                f"--keep-float takes {', '.join(INT8_GRAPHS)}, found {name!r}{suggestion(name, INT8_GRAPHS)}"
            )
    if set(options.keep_float) == set(INT8_GRAPHS):
        raise InputError(f"--keep-float names every graph, so {target.name} has none in 8 bits: choose a float target")
    if options.calibration is None:
        raise InputError(
            f"{target.name} is calibrated on real faces: f2p-deploy calibrate PHOTOS -o CALIBRATION makes a "
            f"calibration set of yours, then add --calibration CALIBRATION"
        )
    calibration = read_calibration_set(options.calibration)
    calibration.require_made_for(bundle)
    if calibration.count < RECOMMENDED:
        logger.warning("the calibration set has %d faces; %d are recommended", calibration.count, RECOMMENDED)
    return calibration


def artifact_folder(bundle: Bundle, target: str, out: Path | None) -> Path:
    """Return the artifact's folder: `out`, or by default `build/<bundle>/<target>` in the working directory."""
    return out if out is not None else Path("build") / bundle.name / target


def command_line(
    bundle: Bundle, target: str, folder: Path, batch: int, trajectories: int, options: BuildOptions
) -> str:
    """Return the command line that repeats the export."""
    words = ["f2p-deploy", "export", "--target", target, "-o", str(folder)]
    if bundle.path.resolve() != demo_bundle_path().resolve():
        words += ["--bundle", str(bundle.path)]
    if batch != 1:
        words += ["--batch", str(batch)]
    if trajectories != 1:
        words += ["--trajectories", str(trajectories)]
    for flag, values in options.flags().items():
        for value in values:
            words += [flag, value]
    return shlex.join(words)


def require_space(
    folder: Path, graphs: tuple["ExportGraph", ...], target: Target, options: BuildOptions = DEFAULT_OPTIONS
) -> int:
    """Return an upper estimate of the artifact's size in bytes, after checking that there is space for it.

    A compiled file is stored beside its source. If it has a gradient, it holds most weights twice, in the layouts of
    the forward and the backward pass. Files that share one file of weights, such as ONNX, count each weight of a
    precision once.

    Raises:
        InputError: there is less free space.
    """
    needed, stored = 0, set[tuple[str, int]]()
    for graph in graphs:
        compiled = target.verified != "runtime"
        own = compiled or target.copies is not None
        copies = (target.copies or {}).get(graph.name, 1) if not compiled else 2 if graph.lower is None else 3
        precision = target.precision if graph.name in INT8_GRAPHS else target.rest
        weights = {(precision, id(parameter)): parameter.numel() for parameter in graph.module.parameters()}
        counted = weights if own else {key: count for key, count in weights.items() if key not in stored}
        stored.update(weights)
        stored_as: Precision = "fp16" if options.weights == "float16" else precision
        needed += copies * WEIGHT_BYTES[stored_as] * sum(counted.values()) + compiled * PLAN_BYTES
    if _free(folder) < needed:
        raise InputError(
            f"the artifact {folder} needs about {needed / 1e6:.0f} MB, there are {_free(folder) / 1e6:.0f} MB left: "
            "make space, or choose another place with -o"
        )
    return needed


@contextmanager
def repeatable(command: str, folder: Path) -> Iterator[None]:
    """Add the command line to the errors of a build, and explain a full disk; a context manager.

    Raises:
        CompilerError: the block's error with the command line.
        InputError: the block ran out of space.
    """
    try:
        yield
    except CompilerError as error:
        raise CompilerError(f"{error}. To repeat it: {command}") from error
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise InputError(
            f"cannot write the artifact {folder}: {error.strerror}; make space, or choose another place with -o"
        ) from error


def _weights(graph: "ExportGraph") -> int:
    return sum(parameter.numel() for parameter in graph.module.parameters())


def _free(folder: Path) -> int:
    """Return the free bytes of the disk that holds a folder, or would hold it."""
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(place).free


def _what_lies_in(folder: Path) -> str:
    """Return a description of the artifact in a folder; empty if there is none."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
        return f"the artifact of {manifest['bundle']} for {manifest['target']}"
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "a damaged artifact"
