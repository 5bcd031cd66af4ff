"""The command `f2p-deploy demo`: make characters from the sample photo and export the demo bundle."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options
from f2p_deploy.cli.export import show as show_artifact
from f2p_deploy.cli.run import show as show_report


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the results.")] = Path("f2p-demo"),
    landmarker: options.Landmarker = None,
    offline: options.Offline = False,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make characters from the sample photo in all three modes, and export the demo bundle to ONNX.

    Without PyTorch the characters are made with the artifact inside the package, and nothing is exported.
    """
    from f2p_deploy.pipeline.demo import run_demo
    from f2p_deploy.system.extras import command_name, install_line, missing_modules

    options.use_threads(threads)
    with console.bar() as bar:
        outcome = run_demo(out, landmarker, offline, bar.follow("demo"))
    if as_json:
        scope = outcome.artifact.manifest.scope
        artifact = {"artifact": str(outcome.artifact.folder), "scope": scope, **outcome.artifact.manifest.to_dict()}
        console.emit({"characters": outcome.report.to_dict(), "artifact": artifact})
    else:
        show_report(outcome.report)
        console.result("")
        if not outcome.exported:
            console.result("The artifact that came with the package, as measured when it was made:")
        show_artifact(outcome.artifact)
        if not outcome.exported:
            how = f"install PyTorch: {install_line('export')}"
            console.sentence(f"This artifact came with the package. To export bundles yourself, {how}")
        console.result(f"\nnext, look at the characters in a browser:\n  {outcome.report.page.resolve().as_uri()}")
        console.result(f"then make one from your own photo:\n  {command_name()} run PHOTO")
        if missing_modules("edit"):
            console.result(f"to edit them in the browser, install the editor:\n  {install_line('edit')}")
        else:
            console.result(f"or edit these in the browser:\n  {command_name()} edit {shlex.quote(str(out))}")
    if outcome.report.failed:
        raise typer.Exit(2)
    outcome.artifact.manifest.require_parity()
