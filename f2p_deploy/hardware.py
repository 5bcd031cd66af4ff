"""Which machine an artifact's files run on, judged before one of them is loaded."""

import platform

from f2p_deploy.artifact import Artifact
from f2p_deploy.errors import MissingDependency

#: What the keys of `Manifest.hardware` are called in a sentence.
KEYS = {"os": "the operating system", "machine": "the processor", "compute_capability": "the compute capability"}

#: One processor architecture has several names.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def require_hardware(artifact: Artifact, compute_capability: str | None = None) -> None:
    """Raise unless an artifact was built for this machine.

    Args:
        artifact: its manifest's `hardware` says what it was built for; what it does not name may be anything.
        compute_capability: of the card that is to run it (`8.9`); not compared if not given.

    Raises:
        MissingDependency: it was built for another machine; with the command line that makes it again.
    """
    here = {"os": platform.system(), "machine": platform.machine(), "compute_capability": compute_capability}
    hardware = artifact.manifest.hardware
    for key, name in KEYS.items():
        wanted, found = hardware.get(key), here[key]
        if wanted is None or found is None:
            continue
        if _plain(found) not in {_plain(value) for value in wanted.split(",")}:
            raise MissingDependency(
                f"the artifact {artifact.folder} was built for {name} {wanted}, this machine has {found}. "
                f"Make it again for this machine: {artifact.manifest.command}"
            )


def _plain(value: str) -> str:
    lowered = value.strip().lower()
    return MACHINES.get(lowered, lowered)
