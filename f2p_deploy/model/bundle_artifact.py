"""The artifact in a bundle's folder, if there is one: the same networks, for machines without PyTorch.

Its graphs share most weights with the bundle's files (see `f2p_deploy.export.beside_bundle`).
"""

import shlex

from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact, read_artifact
from f2p_deploy.model.bundle import Bundle, demo_bundle_path
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
    reason = why_outdated(bundle, artifact)
    if reason:
        raise InputError(reason)
    return artifact


def why_outdated(bundle: Bundle, artifact: Artifact) -> str:
    """Return why the artifact in a bundle's folder is not of the bundle, with the remedy; empty if it is."""
    if artifact.manifest.bundle_fingerprint == bundle.fingerprint:
        return ""
    found = f"the artifact in {bundle.path} was made before the bundle was changed"
    if bundle.path.absolute() == demo_bundle_path().absolute():
        return f"{found}. Make it again: {artifact.manifest.command}"
    folder, own = shlex.quote(str(bundle.path)), shlex.quote(f"{bundle.path}-onnx")
    return (
        f"{found}: PyTorch runs the bundle, and for other runtimes f2p-deploy export --target onnx --bundle {folder} "
        f"-o {own} makes an artifact to name with --artifact {own} in place of --bundle"
    )
