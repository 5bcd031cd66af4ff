"""The typer application with all commands; heavy modules are imported by the command that needs them."""

from typing import Annotated

import typer

from f2p_deploy import __version__
from f2p_deploy.cli import console
from f2p_deploy.cli.batch import batch
from f2p_deploy.cli.bench import bench
from f2p_deploy.cli.bundle import bundle_app
from f2p_deploy.cli.calibrate import calibrate
from f2p_deploy.cli.choices import CommandWithChoices
from f2p_deploy.cli.convert import convert
from f2p_deploy.cli.demo import demo
from f2p_deploy.cli.doctor import doctor, landmarker
from f2p_deploy.cli.edit import edit
from f2p_deploy.cli.embed import embed_app
from f2p_deploy.cli.engine import engine_app
from f2p_deploy.cli.evaluate import evaluate_app
from f2p_deploy.cli.export import export
from f2p_deploy.cli.inspect import inspect
from f2p_deploy.cli.options import Verbose
from f2p_deploy.cli.picture import render
from f2p_deploy.cli.preset import preset_app
from f2p_deploy.cli.run import run
from f2p_deploy.cli.schema import schema_app
from f2p_deploy.cli.serve import serve
from f2p_deploy.cli.targets import targets
from f2p_deploy.cli.train import train
from f2p_deploy.cli.train_labels import StageOrLabels
from f2p_deploy.cli.verify import verify

app = typer.Typer(
    name="f2p-deploy",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One photo in, one editable game character out.",
    epilog="Exit codes: 0 ok, 1 a minimum was missed, 2 usage, bad input, or output that cannot be written, "
    "3 something is not installed, 4 a compiler failed, 70 a bug, 129 SIGHUP, 130 Ctrl-C, "
    "141 the reader of the output has closed it, 143 SIGTERM. F2P_DEBUG=1 shows tracebacks.",
)


def _print_version(value: bool) -> None:
    if value:
        console.result(f"f2p-deploy {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Turn one photo into one editable game character."""


_COMMANDS = (
    *(run, batch, edit, serve, render, convert, export, calibrate, verify, bench, inspect),
    *(demo, targets, doctor, landmarker),
)
for _command in _COMMANDS:
    app.command(cls=CommandWithChoices)(_command)
app.command(cls=StageOrLabels)(train)
for _group in (bundle_app, preset_app, embed_app, engine_app, evaluate_app, schema_app):
    app.add_typer(_group)
