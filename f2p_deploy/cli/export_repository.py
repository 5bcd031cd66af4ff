"""The target `triton` of `f2p-deploy export`: a model repository from an artifact, instead of an artifact."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from f2p_deploy.cli import console
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import install_line, missing_modules

#: The target's name.
TRITON = "triton"

#: What `f2p-deploy targets` says of it, in the words of its columns.
FILE, BUILD_NEEDS, RUN_NEEDS = "*/config.pbtxt", "an artifact: onnx or trt", "Triton Inference Server"


def require_target_options(target: str, artifact: Path | None, others: Mapping[str, object]) -> None:
    """Check that the options fit the target.

    Args:
        target: the word that the user gave.
        artifact: the value of `--from`.
        others: options that only other targets than `triton` take, with a value if the user gave them.

    Raises:
        InputError: an option that the target does not take.
    """
    if target != TRITON:
        if artifact is not None:
            raise InputError(f"{target} is made from a bundle: --from is for the target {TRITON} only, leave it out")
        return
    given = [flag for flag, value in others.items() if value]
    if given:
        raise InputError(f"{TRITON} serves a finished artifact and does not take {given[0]}: leave it out")


def export_repository(artifact: Path | None, bundle: Path | None, out: Path | None, as_json: bool) -> None:
    """Write the repository and print its models.

    Args:
        artifact: an artifact's folder; None for the artifact in the bundle's folder.
        bundle: a bundle's folder; None for the demo bundle.
        out: the repository's folder; None for build/<bundle>/triton.
        as_json: print plain data.

    Raises:
        F2PError: see `f2p_deploy.embed.triton.embed_triton`; also both an artifact and a bundle, or a bundle's folder
            without an artifact.
    """
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.embed.triton import embed_triton
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact

    if artifact is not None and bundle is not None:
        raise InputError("give either --from or --bundle, not both")
    if artifact is not None:
        opened = read_artifact(artifact)
    else:
        source = load_bundle(bundle)
        if not has_artifact(source):
            raise InputError(
                f"the folder of the bundle {source.path} holds no artifact: export one, for example with --target "
                "onnx, and name its folder with --from"
            )
        opened = artifact_of(source)
    with console.bar() as bar:
        folder = out or Path("build") / opened.manifest.bundle / TRITON
        repository = embed_triton(opened, folder, bar.follow("export"))
    if as_json:
        console.emit(repository.to_dict())
        return
    console.table(repository.rows(), ("model", "runs in", "batch", "size"))
    for name, reason in repository.fixed.items():
        console.result(f"{name} has a fixed batch: {reason}")
    console.result(f"model repository: {repository.folder}")
    console.result(f"how to start a server on it and to call it: {repository.folder / 'README.md'}")


def triton_facts() -> dict[str, Any]:
    """Return this target's entry in the JSON of `f2p-deploy targets`."""
    missing = missing_modules("export")
    why_not_built = f"missing {', '.join(missing)}: {install_line('export')}" if missing else ""
    return {
        "name": TRITON,
        "summary": "a model repository for NVIDIA Triton Inference Server, from an artifact",
        "file": FILE,
        "precision": "the artifact's",
        "build_needs": BUILD_NEEDS,
        "run_needs": RUN_NEEDS,
        "verified": "no",
        "options": ["--from"],
        "builds": not why_not_built,
        "runs": False,
        "why_not_built": why_not_built,
        "why_not_run": "f2p-deploy starts no server: the repository's README.md says how",
    }
