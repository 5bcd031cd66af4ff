"""Runs a converter in the Python that it is installed in, in a process of its own."""

import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from f2p_deploy.export.tensorrt.compiler_process import end_all, how_it_ended
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.system.interruption import postponed
from f2p_deploy.system.progress import Progress

logger = logging.getLogger(__name__)

#: The line that a script begins its answer with.
ANSWER = "answer: "

#: The line that a script begins a refusal with.
REFUSAL = "refused: "

#: Seconds between two looks at the process.
_TICK = 0.5

#: Seconds in which a script must say its packages' versions.
_SECONDS_OF_VERSIONS = 120.0


@dataclass(frozen=True)
class Converter:
    """A converter and the script that calls it.

    Args:
        title: its name, for people.
        module: what it is imported by.
        script: the file of the script; it imports nothing of this package.
        packages: what to install, for pip.
    """

    title: str
    module: str
    script: Path
    packages: str

    @property
    def install_lines(self) -> str:
        """The commands that install it into an environment of its own, and the option that names its Python."""
        return (
            f"give it an environment of its own: python -m venv converter && converter/bin/pip install "
            f"{self.packages} torch=={_torch_here()}; then give --converter-python converter/bin/python"
        )


def _torch_here() -> str:
    """Return this Python's version of PyTorch, which a converter should have, too; without the build's name."""
    try:
        return version("torch").split("+")[0]
    except PackageNotFoundError:
        return "2.*"


def why_not_installed(converter: Converter) -> str:
    """Return why a converter cannot be called in this Python, and what to do; empty if it can."""
    return "" if find_spec(converter.module) is not None else f"{converter.title} is missing: {converter.install_lines}"


def python_of(converter: Converter, asked: Path | None) -> Path:
    """Return the Python that a converter runs in: the one that was asked for, or this one.

    Raises:
        InputError: there is no such file.
        MissingDependency: none was asked for, and the converter is not installed here.
    """
    if asked is None:
        if reason := why_not_installed(converter):
            raise MissingDependency(reason)
        return Path(sys.executable)
    if not asked.is_file():
        raise InputError(f"--converter-python names a Python's file, and {asked} is none")
    return asked.absolute()


@cache
def versions_of(converter: Converter, python: Path) -> dict[str, str]:
    """Return the versions of a converter's packages in its Python, by their names for pip.

    Raises:
        MissingDependency: the converter is not installed there, or the file is no Python.
    """
    try:
        ran = subprocess.run(
            [str(python), str(converter.script), "versions"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS_OF_VERSIONS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingDependency(f"{python} does not run as a Python: {type(error).__name__}") from error
    answer = _marked(ran.stdout, ANSWER)
    if ran.returncode or answer is None:
        logger.info("%s: %s", python, _marked(ran.stderr, REFUSAL) or how_it_ended(ran.returncode))
        raise MissingDependency(f"{converter.title} does not run in {python}: {converter.install_lines}")
    return {str(name): str(version) for name, version in json.loads(answer).items()}


def run_converter(
    converter: Converter, python: Path, words: Sequence[str], progress: Progress, doing: str
) -> dict[str, Any]:
    """Run a converter's script; its process and those that it starts end with this call, even on Ctrl-C.

    Args:
        converter: the converter.
        python: its Python.
        words: for the script.
        progress: called about every second.
        doing: the subject of progress and errors ("litert-torch: converting step").

    Returns:
        The script's answer.

    Raises:
        CompilerError: the converter refused, crashed or was killed.
    """
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        with postponed():  # a Ctrl-C before `process` is assigned would leave the child running
            process = subprocess.Popen(
                [str(python), str(converter.script), *words],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=errors,
                start_new_session=True,
            )
        began = time.monotonic()
        try:
            while process.poll() is None:
                progress(f"{doing}, {time.monotonic() - began:.0f} s")
                time.sleep(_TICK)
        finally:
            with postponed():
                end_all(process)
        answer = _marked(_text(said), ANSWER)
        if process.returncode == 0 and answer is not None:
            return dict(json.loads(answer))
        refusal = _marked(_text(errors), REFUSAL)
    if refusal is None:
        raise CompilerError(f"{doing} failed: {how_it_ended(process.returncode)}")
    logger.info("%s: %s", doing, refusal)
    raise CompilerError(f"{doing} failed: the converter refused the graph; {SAID}")


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _marked(text: str, mark: str) -> str | None:
    """Return the rest of the last line that begins with a mark; None if there is none."""
    lines = [line.removeprefix(mark).strip() for line in text.splitlines() if line.startswith(mark)]
    return lines[-1] if lines else None
