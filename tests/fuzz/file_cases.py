"""Command lines on damaged files, in one process: each ends with a sentence and a code, and leaves nothing half."""

import contextlib
import functools
import io
import logging
import random
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NamedTuple
from unittest import mock

import typer
from file_corpus import OUT, Target

from f2p_deploy.cli import main
from f2p_deploy.editor.character_sheet import CharacterSheet
from f2p_deploy.system import threads
from f2p_deploy.system.errors import F2PError

#: Seconds that a command may take.
LONGEST = 60

#: Exit codes that a damaged file may lead to: none, a missed floor, bad input, something not installed, a compiler.
CODES = (0, 1, 2, 3, 4)


class Ended(NamedTuple):
    """How a command ended: its exit code and what it printed."""

    code: int
    out: bytes
    err: str


class Found(NamedTuple):
    """What is wrong with how a command ended."""

    seed: int
    kind: str
    words: tuple[str, ...]
    what: str


def run_words(*words: str, seconds: int = LONGEST) -> Ended:
    """Run a command line in this process; `sheet FOLDER` opens a folder as `edit` does, without its server."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    root, own = logging.getLogger(), logging.getLogger("f2p_deploy")
    before = (root.level, own.level, list(root.handlers))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings(), _alarm(seconds):
        try:
            code = _open_sheet(Path(words[1])) if words[0] == "sheet" else _main(words)
        finally:
            root.setLevel(before[0])
            own.setLevel(before[1])
            root.handlers[:] = before[2]
            threads._Default.threads = None
    out.flush()
    return Ended(code, out.buffer.getvalue(), err.getvalue())


#: Building all commands anew takes longer than most of them.
_built_once = functools.cache(typer.main.get_command)


def _main(words: Sequence[str]) -> int:
    try:
        with mock.patch("typer.main.get_command", _built_once):
            main(list(words))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 70
    return 0


def _open_sheet(folder: Path) -> int:
    try:
        CharacterSheet(folder).entries()
    except F2PError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


@contextlib.contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"the command takes more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judge(folder: Path, targets: Sequence[Target], seed: int) -> tuple[Ended, str, tuple[str, ...], str]:
    """Damage one file, run one command that reads it, and put the file back.

    Args:
        folder: of the corpus, which is the working directory.
        targets: see `make_corpus`.
        seed: chooses the file, its damage and the command.

    Returns:
        How it ended, the kind of the file, the command, and what is wrong with that; empty if nothing is.
    """
    choice = random.Random(seed)
    target = choice.choices(targets, [each.weight for each in targets])[0]
    words = choice.choice(target.commands)
    sound = (folder / target.file).read_bytes()
    damaged = {target.file: target.damage(sound, choice)}
    if target.seal is not None:
        damaged |= target.seal(folder, target.file, damaged[target.file])
    originals = {name: (folder / name).read_bytes() for name in damaged}
    before = _listing(folder)
    for name, content in damaged.items():
        (folder / name).write_bytes(content)
    try:
        ended = run_words(*words)
        return ended, target.kind, words, _wrong(folder, ended, damaged, before)
    finally:
        for name, content in originals.items():
            (folder / name).write_bytes(content)
        shutil.rmtree(folder / OUT, ignore_errors=True)


def _wrong(folder: Path, ended: Ended, damaged: dict[str, bytes], before: set[str]) -> str:
    if ended.code not in CODES:
        return f"exit code {ended.code}: {ended.err[-600:]}"
    if "Traceback" in ended.err:
        return f"a traceback: {ended.err[-600:]}"
    left = sorted(_listing(folder) - before)
    if ended.code:
        lines = ended.err.strip().splitlines()
        if not lines and b"problem" not in ended.out:
            return f"exit code {ended.code} without a sentence"
        if len(ended.err) > 3000:
            return f"a sentence of {len(ended.err)} characters: {ended.err[:300]}"
        if left:
            return f"exit code {ended.code}, and {left[:5]} are left"
        changed = [name for name, content in damaged.items() if (folder / name).read_bytes() != content]
        if changed:
            return f"exit code {ended.code}, and {changed} changed"
    hidden = [name for name in left if Path(name).name.startswith(".") or name.endswith((".tmp", ".part"))]
    return f"{hidden} are left" if hidden else ""


def _listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
