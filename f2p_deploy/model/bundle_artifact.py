"""The artifact that a bundle may carry in its own folder: the same networks, for machines without PyTorch.

Its graphs read most weights from the bundle's own files (`f2p_deploy.export.beside_bundle` writes them so).
"""

from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact, read_artifact
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError


def has_artifact(bundle: Bundle) -> bool:
    """Say whether an artifact lies in a bundle's folder; it may be damaged or older than the bundle."""
    return (bundle.path / MANIFEST_FILE).is_file()


def artifact_of(bundle: Bundle) -> Artifact:
    """Check the artifact in a bundle's folder, file by file.

    Raises:
        InputError: there is none, it is damaged, or it was made of an earlier state of the bundle.
    """
    artifact = read_artifact(bundle.path)
    if artifact.manifest.bundle_fingerprint != bundle.fingerprint:
        raise InputError(
            f"the artifact in {bundle.path} was made before the bundle was changed. "
            f"Make it again: {artifact.manifest.command}"
        )
    return artifact
