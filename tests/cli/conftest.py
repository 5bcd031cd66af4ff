"""Running command lines in this process as the entry point does, and their inputs."""

import json
import logging
import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


@dataclass(frozen=True)
class Ran:
    """The result of a command line: exit code and printed text."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)


@pytest.fixture
def f2p(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run `f2p-deploy` with some words; logging, warnings and the limit of threads are afterwards as they were.

    No table folds its cells, unless a test sets another width.
    """
    from f2p_deploy.cli import main
    from f2p_deploy.system import threads

    monkeypatch.setenv("COLUMNS", "1000")

    def run(*words: object) -> Ran:
        root, own = logging.getLogger(), logging.getLogger("f2p_deploy")
        before = (root.level, own.level, list(root.handlers))
        capsys.readouterr()
        with warnings.catch_warnings():
            try:
                main([str(word) for word in words])
            except SystemExit as end:
                code = end.code
            finally:
                root.setLevel(before[0])
                own.setLevel(before[1])
                threads._Default.threads = None
                root.handlers[:] = before[2]
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Ran(code, captured.out, captured.err)

    return run


def all_commands() -> list[tuple[str, ...]]:
    """Return the words of every command and group, taken from the app: no test names them one by one."""
    import typer

    from f2p_deploy.cli.app import app

    def below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, (*words, name))

    return list(below(typer.main.get_command(app), ()))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Call a test that takes `any_command` once for every command; `share` is then how far down the list it stands."""
    if "any_command" in metafunc.fixturenames:
        commands = all_commands()
        names = [" ".join(words) or "no command" for words in commands]
        if "share" in metafunc.fixturenames:
            shares = [(words, i / (len(commands) - 1)) for i, words in enumerate(commands)]
            metafunc.parametrize(("any_command", "share"), shares, ids=names)
        else:
            metafunc.parametrize("any_command", commands, ids=names)


@pytest.fixture
def landmarks(tmp_path: Path) -> Path:
    """A landmark file for the photo: the tests need neither a download nor a trained network to find the face."""
    from f2p_deploy.alignment.sample_faces import ASTRONAUT

    path = tmp_path / "landmarks.json"
    path.write_text(json.dumps({"astronaut.png": {name: list(point) for name, point in ASTRONAUT.items()}}))
    return path


@pytest.fixture
def damaged_bundle(small_bundle: "Bundle", tmp_path: Path) -> Path:
    """A copy of the small bundle whose imitator was cut short."""
    folder = tmp_path / "damaged"
    shutil.copytree(small_bundle.path, folder)
    weights = folder / "imitator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    return folder
