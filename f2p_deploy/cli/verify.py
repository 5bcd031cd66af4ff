"""The command `f2p-deploy verify`: check that an artifact still computes the same face."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options


def verify(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The artifact's folder.")],
    runtime: Annotated[
        str,
        typer.Option(
            "--runtime",
            metavar="NAME",
            autocompletion=choices.complete("runtimes"),
            help="Runtime to use: {runtimes}; auto selects one by the artifact's files.",
        ),
    ] = "auto",
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Check an artifact's files, run its golden inputs, and compare the outputs with those stored from PyTorch.

    Only the artifact's folder is needed. The exit code is 1 if a parity threshold is missed, 2 if a file is damaged,
    and 3 if a runtime or GPU is missing. If an engine's GPU is missing, its ONNX source is checked instead, and the
    output states this.
    """
    from f2p_deploy.artifact.artifact import Artifact
    from f2p_deploy.cli.export import show
    from f2p_deploy.runtimes.verification import verify as verify_artifact

    with console.bar() as bar:
        verification = verify_artifact(artifact, runtime, threads, bar.follow("verify"))
    if as_json:
        console.emit(verification.to_dict())
    else:
        show(Artifact(verification.artifact.folder, verification.measured))
        files = verification.artifact.manifest.files
        megabytes = sum(record.size for record in files.values()) / 1e6
        console.result(f"files: {len(files) + 1} with the content they were written with, {megabytes:.1f} MB")
        if verification.extra_files:
            console.result(f"not part of the artifact, never opened: {', '.join(verification.extra_files)}")
        console.result(f"verified: {verification.measured.verified}, {verification.scope()}")
    verification.measured.require_parity()
