"""Check that an artifact was built for this machine, before any of its files is loaded."""

import platform
from collections.abc import Callable

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import MissingDependency

#: One processor architecture has several names.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def _compute_capabilities() -> tuple[str, ...]:
    return tuple(device.compute_capability for device in cuda_devices())


#: The keys of `Manifest.hardware` that are compared: their names in messages, and functions that list this machine's.
KEYS: dict[str, tuple[str, Callable[[], tuple[str, ...]]]] = {
    "os": ("the operating system", lambda: (platform.system(),)),
    "machine": ("the processor", lambda: (platform.machine(),)),
    "compute_capability": ("NVIDIA cards of compute capability", _compute_capabilities),
}


def require_hardware(artifact: Artifact) -> None:
    """Raise unless an artifact was built for this machine.

    Args:
        artifact: its manifest's `hardware` says what it was built for; keys that it lacks are not compared.

    Raises:
        MissingDependency: it was built for another machine; the message has the command line that makes it again.
    """
    for key, (name, look) in KEYS.items():
        wanted = artifact.manifest.hardware.get(key)
        if wanted is None:
            continue
        here = look()
        if not {_plain(value) for value in here} & {_plain(value) for value in wanted.split(",")}:
            raise MissingDependency(
                f"the artifact {artifact.folder} was built for {name} {wanted}, this machine has "
                f"{', '.join(here) or 'none'}. Make it again for this machine: {artifact.manifest.command}"
            )


def _plain(value: str) -> str:
    lowered = value.strip().lower()
    return MACHINES.get(lowered, lowered)
