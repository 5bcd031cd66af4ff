"""The command line: parses, calls the public API, prints. Nothing heavy is loaded before a command needs it."""

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from f2p_deploy import __version__
from f2p_deploy.causes import log_causes
from f2p_deploy.cli import console
from f2p_deploy.cli.bench import bench
from f2p_deploy.cli.bundle import bundle_app
from f2p_deploy.cli.calibrate import calibrate
from f2p_deploy.cli.choices import CommandWithChoices
from f2p_deploy.cli.demo import demo
from f2p_deploy.cli.doctor import doctor, landmarker
from f2p_deploy.cli.embed import embed_app
from f2p_deploy.cli.engine import engine_app
from f2p_deploy.cli.evaluate import evaluate_app
from f2p_deploy.cli.export import export
from f2p_deploy.cli.inspect import inspect
from f2p_deploy.cli.options import Verbose
from f2p_deploy.cli.picture import render
from f2p_deploy.cli.run import run
from f2p_deploy.cli.schema import schema_app
from f2p_deploy.cli.targets import targets
from f2p_deploy.cli.train import train
from f2p_deploy.cli.verify import verify
from f2p_deploy.dependencies import EXTRAS, install_line
from f2p_deploy.errors import F2PError, MissingDependency

#: Exit code of what no user can cause: a bug.
UNEXPECTED = 70
INTERRUPTED = 130

app = typer.Typer(
    name="f2p-deploy",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One photo in, one editable game character out.",
    epilog="Exit codes: 0 ok, 1 a floor was missed, 2 usage or bad input, 3 something is not installed, "
    "4 a compiler failed. F2P_DEBUG=1 shows tracebacks.",
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
    """One photo in, one editable game character out."""


for _command in (run, render, export, calibrate, verify, bench, inspect, demo, targets, doctor, landmarker, train):
    app.command(cls=CommandWithChoices)(_command)
for _group in (bundle_app, embed_app, engine_app, evaluate_app, schema_app):
    app.add_typer(_group)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line and end the process with its exit code.

    Args:
        arguments: the words after the program's name; those of the process if not given.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name that the terminal's encoding lacks must not end a run
    console.reset()
    console.set_up()
    sys.exit(_run(words))


def _run(words: Sequence[str]) -> int:
    """Run a command line; return the exit code."""
    try:
        code = app(args=list(words), prog_name="f2p-deploy", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except F2PError as error:
        return _fail(words, str(error), error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(words, "stopped", INTERRUPTED)
    except BrokenPipeError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        return _fail(words, *_of_missing_module(error))
    except Exception as error:
        usage = getattr(error, "format_message", None)  # what the parser raises, in every version of typer
        if usage is not None:
            return _usage(words, usage())
        return _fail(words, *_of_bug(error))


def _of_bug(error: Exception) -> tuple[str, int]:
    """Return the sentence and the code of what no user can cause."""
    text = " ".join(str(error).split()) or "no message"
    return f"unexpected {type(error).__name__}: {text}. This is a bug; F2P_DEBUG=1 shows where", UNEXPECTED


def _of_missing_module(error: ModuleNotFoundError) -> tuple[str, int]:
    """Return the sentence and the code of a package that an extra would bring, and that no check found missing."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if module in modules), "")
    if not extra:
        return _of_bug(error)
    return f"this needs {module}, not installed here: {install_line(extra)}", MissingDependency.exit_code


def _usage(words: Sequence[str], message: str) -> int:
    """Say what is wrong with the words, or show the help that a group without a command stands for."""
    if message.startswith("Usage:"):
        console.sentence(message)
        return 2
    from f2p_deploy.character.schema import suggestion

    unknown = re.fullmatch(r"No such option: (\S+) \(Possible options: (.*)\)", message)
    if unknown:
        message = f"No such option: {unknown[1]}{suggestion(unknown[1], unknown[2].split(', '))}"
    place, commands = ["f2p-deploy"], getattr(typer.main.get_command(app), "commands", {})
    for word in (word for word in words if not word.startswith("-")):
        if word not in commands:
            break
        place.append(word)
        commands = getattr(commands[word], "commands", {})
    end = "?" if message.endswith("?") else "."
    return _fail(words, f"{message.rstrip('.?')}{end} See {' '.join(place)} --help", 2)


def _fail(words: Sequence[str], message: str, code: int) -> int:
    """Say what went wrong, in the form asked for; return the code."""
    if os.environ.get("F2P_DEBUG"):
        traceback.print_exc()
    log_causes(sys.exception())
    console.sentence(message, "error")
    if "--json" in words and not console.emitted():
        console.emit({"error": message, "exit_code": code})
    return code
