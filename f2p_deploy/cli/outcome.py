"""The outcome of a command line: an exit code, and a sentence with the reason if it is not 0."""

import contextlib
import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from f2p_deploy.cli import console, signals, streams
from f2p_deploy.cli.app import app
from f2p_deploy.system.causes import log_causes
from f2p_deploy.system.errors import F2PError, Interrupted, MissingDependency, ReaderGone
from f2p_deploy.system.extras import EXTRAS, PACKAGES, install_line
from f2p_deploy.system.one_voice import share_voice, speak_first

#: Exit code of a bug, that is of any error that a user cannot cause.
UNEXPECTED = 70

#: Errors of the operating system that are no bugs: no space, no permission, too many files, failing hardware.
_REFUSALS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EIO)


def run(words: Sequence[str]) -> int:
    """Run a command line and return its exit code.

    Args:
        words: the arguments after the program's name.
    """
    console.reset()
    share_voice("")
    console.set_up()
    try:
        try:
            code = _call(words)
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
        finally:
            signals.settle()
            streams.settle()
    except ReaderGone as error:
        return error.exit_code
    except (Exception, KeyboardInterrupt) as error:
        usage = getattr(error, "format_message", None)  # only the parser's errors have it, in every version of typer
        if usage is not None:
            return _usage(words, usage())
        return _fail(words, *_judge(error))


def _call(words: Sequence[str]) -> int:
    """Call the command that the words name and return its exit code.

    The parser's own entry point is not used because it swallows interrupts and the end of input.
    """
    try:
        if "_F2P_DEPLOY_COMPLETE" in os.environ:  # a shell asks for completions
            app(args=list(words), prog_name="f2p-deploy")
        command = typer.main.get_command(app)
        with command.make_context("f2p-deploy", list(words)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _judge(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit code of an error."""
    if isinstance(error, Interrupted):
        return str(error), signals.exit_code()
    # Native code may replace the interrupt by another error, as PyTorch does inside a storage's Python methods.
    changed = signals.raised() and not isinstance(error, F2PError)
    if isinstance(error, typer.Abort) or signals.caused(error) or changed:
        return signals.words(), signals.exit_code()
    if isinstance(error, F2PError):
        return str(error), error.exit_code
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        where = f" ({error.filename})" if error.filename else ""
        return f"the operating system refused: {error.strerror}{where}", 2
    if isinstance(error, ModuleNotFoundError):
        return _of_missing_module(error)
    return _of_bug(error)


def _of_bug(error: BaseException) -> tuple[str, int]:
    """Return the sentence and the exit code of a bug."""
    text = " ".join(str(error).split()) or "no message"
    return f"unexpected {type(error).__name__}: {text}. This is a bug; F2P_DEBUG=1 shows where", UNEXPECTED


def _of_missing_module(error: ModuleNotFoundError) -> tuple[str, int]:
    """Return the sentence and the exit code of a missing package that belongs to an extra but passed all checks."""
    module = (error.name or "").partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if module in modules), "")
    if not extra:
        return _of_bug(error)
    package = PACKAGES.get(module, module)
    return f"this command needs {package}, not installed here: {install_line(extra)}", MissingDependency.exit_code


def _usage(words: Sequence[str], message: str) -> int:
    """Print a usage error, or the help of a group that was called without a command; return exit code 2."""
    if message.startswith("Usage:"):
        console.sentence(message)
        return 2
    from f2p_deploy.character.schema import suggestion

    unknown = re.fullmatch(r"No such option: (\S+) \(Possible options: (.*)\)", message)
    if unknown:
        message = f"No such option: {unknown[1]}{suggestion(unknown[1], unknown[2].split(', '))}"
    place = ["f2p-deploy"]
    command: Any = typer.main.get_command(app)
    for word in (word for word in words if not word.startswith("-")):
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        place.append(word)
    end = "?" if message.endswith("?") else "."
    return _fail(words, f"{message.rstrip('.?')}{end} See {' '.join(place)} --help", 2)


def _fail(words: Sequence[str], message: str, code: int) -> int:
    """Print the error, as JSON if `--json` was given; return the exit code."""
    if os.environ.get("F2P_DEBUG"):
        traceback.print_exc()
    log_causes(sys.exception())
    said = speak_first(message, code)
    if said is None:
        console.sentence(message, "error")
    else:  # another process of this command has failed first; the rest follows from that
        message, code = said.message, said.code
    if "--json" in words and not console.emitted():
        with contextlib.suppress(F2PError, OSError):  # the first error is the one to report
            console.emit({"error": message, "exit_code": code})
    return code
