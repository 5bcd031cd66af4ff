"""Artifacts -> answers. Nothing here imports PyTorch or the export."""

import logging
from pathlib import Path

from f2p_deploy.artifact import Artifact, read_artifact
from f2p_deploy.character.schema import suggestion
from f2p_deploy.dependencies import require
from f2p_deploy.errors import InputError
from f2p_deploy.hardware import require_hardware
from f2p_deploy.runtimes import onnxruntime  # noqa: F401  (registers itself)
from f2p_deploy.runtimes.base import RUNTIMES, Runtime

__all__ = ["RUNTIMES", "Runtime", "load"]

logger = logging.getLogger(__name__)


def load(artifact: str | Path | Artifact, runtime: str = "auto", threads: int | None = None) -> Runtime:
    """Check an artifact and make it ready to run.

    Args:
        artifact: its folder, or what `read_artifact` gave.
        runtime: a key of `RUNTIMES`, or `auto`: the first one that runs the artifact's kind of file.
        threads: how many threads to use; all cores if None.

    Raises:
        InputError: no or a damaged artifact, an unknown runtime, or one that does not run this kind of file.
        MissingDependency: the runtime's package or hardware is not here, or the artifact was built for another machine;
            there is no fallback.
    """
    if not isinstance(artifact, Artifact):
        artifact = read_artifact(artifact)
    suffixes = {Path(entry.file).suffix for entry in artifact.manifest.graphs.values()}
    able = [name for name, kind in RUNTIMES.items() if suffixes <= set(kind.suffixes)]
    if runtime == "auto":
        if not able:
            raise InputError(f"no runtime here runs {', '.join(sorted(suffixes))} files ({artifact.folder})")
        runtime = able[0]
    if runtime not in RUNTIMES:
        raise InputError(f"no runtime named {runtime!r}{suggestion(runtime, tuple(RUNTIMES))}")
    if runtime not in able:
        raise InputError(
            f"the runtime {runtime!r} does not run {', '.join(sorted(suffixes))} files ({artifact.folder}). "
            f"Able to: {', '.join(able) or 'none'}"
        )
    kind = RUNTIMES[runtime]
    require_hardware(artifact)
    if kind.extra:
        require(kind.extra, f"the runtime {runtime!r}")
    if artifact.manifest.parity_status == "failed":
        logger.warning("%s missed a parity floor when it was made: see its manifest", artifact.folder)
    return kind(artifact, threads)
