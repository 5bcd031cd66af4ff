"""`f2p-deploy verify`: does an artifact still compute the same face?"""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options


def verify(
    artifact: Annotated[Path, typer.Argument(metavar="ARTIFACT", help="The folder that an export left.")],
    runtime: Annotated[
        str,
        typer.Option(
            "--runtime",
            metavar="NAME",
            autocompletion=choices.complete("runtimes"),
            help="What runs it: {runtimes}; auto takes what runs its files.",
        ),
    ] = "auto",
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Check an artifact's files, run its golden inputs and compare with PyTorch's outputs, stored beside them.

    Needs nothing but the folder. A missed floor is exit code 1, a damaged file 2, a runtime or card that is not here 3.
    An engine without its card is checked by the ONNX that it was compiled from, and said to be.
    """
    from f2p_deploy.artifact.artifact import Artifact
    from f2p_deploy.cli.export import show
    from f2p_deploy.runtimes.verification import verify as verify_artifact

    with console.bar() as bar:
        found = verify_artifact(artifact, runtime, threads, bar.follow("verify"))
    if as_json:
        console.emit(found.to_dict())
    else:
        show(Artifact(found.artifact.folder, found.measured))
        files = found.artifact.manifest.files
        megabytes = sum(record.size for record in files.values()) / 1e6
        console.result(f"files: {len(files) + 1} with the content they were written with, {megabytes:.1f} MB")
        if found.extra_files:
            console.result(f"not part of the artifact, never opened: {', '.join(found.extra_files)}")
        console.result(f"verified: {found.measured.verified}, {found.scope()}")
    found.measured.require_parity()
