"""The artifact in a bundle's folder, if there is one: the same networks, for machines without PyTorch.

Its graphs share most weights with the bundle's files (see `f2p_deploy.export.beside_bundle`).
"""

from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact, read_artifact
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError


def has_artifact(bundle: Bundle) -> bool:
    """Return whether a bundle's folder holds an artifact; it may be damaged or older than the bundle."""
    return (bundle.path / MANIFEST_FILE).is_file()


def artifact_of(bundle: Bundle) -> Artifact:
    """Return the artifact in a bundle's folder after checking each of its files.

    Raises:
        InputError: there is none, it is damaged, or it was exported from an earlier state of the bundle.
    """
    artifact = read_artifact(bundle.path)
    if artifact.manifest.bundle_fingerprint != bundle.fingerprint:
        raise InputError(
            f"the artifact in {bundle.path} was made before the bundle was changed. "
            f"Make it again: {artifact.manifest.command}"
        )
    return artifact
