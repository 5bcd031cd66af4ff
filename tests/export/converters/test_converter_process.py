"""Converters in another Python: what they answer, and every way in which they fail."""

import sys
import time
from pathlib import Path

import pytest

from f2p_deploy.export.converters.converter_process import (
    Converter,
    python_of,
    run_converter,
    versions_of,
    why_not_installed,
)
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency
from f2p_deploy.system.progress import silent

PYTHON = Path(sys.executable)


def converter(folder: Path, body: str, module: str = "no_such_converter") -> Converter:
    """Return a converter whose script is `body`."""
    script = folder / "script.py"
    script.write_text(body)
    return Converter("demo-converter", module, script, "demo-converter==1.0")


def test_the_answer_is_read_among_other_lines(tmp_path: Path) -> None:
    body = "import json, sys\nprint('noise')\nprint('answer: ' + json.dumps({'words': ' '.join(sys.argv[1:])}))"
    tool = converter(tmp_path, body)
    assert run_converter(tool, PYTHON, ["convert", "a b"], silent, "converting") == {"words": "convert a b"}
    assert versions_of(tool, PYTHON) == {"words": "versions"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import sys; print('refused: ValueError: no operator', file=sys.stderr); sys.exit(1)", "refused the graph"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"crashed in native code \(SIGSEGV\)"),
        ("import sys; sys.exit(3)", "ended by itself with exit code 3"),
        ("", "ended by itself with exit code 0"),
    ],
)
def test_a_failure_says_why(tmp_path: Path, body: str, reason: str) -> None:
    with pytest.raises(CompilerError, match=f"converting step failed: .*{reason}"):
        run_converter(converter(tmp_path, body), PYTHON, ["convert"], silent, "converting step")


def test_it_is_looked_for_in_this_python_and_named_with_its_commands(tmp_path: Path) -> None:
    missing = converter(tmp_path, "")
    line = r"pip install demo-converter==1\.0 torch==2\.\S+; then give --converter-python"
    with pytest.raises(MissingDependency, match=line):
        python_of(missing, None)
    assert "python -m venv" in why_not_installed(missing)
    installed = converter(tmp_path, "", module="numpy")
    assert python_of(installed, None) == PYTHON and why_not_installed(installed) == ""
    with pytest.raises(InputError, match="--converter-python names a Python's file"):
        python_of(missing, tmp_path / "none")
    assert python_of(missing, PYTHON) == PYTHON


def test_a_python_without_the_converter_is_told_apart_from_a_file_that_is_none(tmp_path: Path) -> None:
    body = "import sys; print('refused: PackageNotFoundError: demo', file=sys.stderr); sys.exit(1)"
    with pytest.raises(MissingDependency, match="does not run in .*pip install"):
        versions_of(converter(tmp_path, body), PYTHON)
    text = tmp_path / "text"
    text.write_text("no program")
    with pytest.raises(MissingDependency, match="does not run as a Python"):
        versions_of(converter(tmp_path, ""), text)


def test_progress_is_told_and_nothing_is_left_running_after_an_interruption(tmp_path: Path) -> None:
    mark = tmp_path / "still-running"
    body = f"import time, pathlib\ntime.sleep(3)\npathlib.Path({str(mark)!r}).touch()"

    def interrupt(what: str, *more: object) -> None:
        assert what.startswith("converting, 0 s")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_converter(converter(tmp_path, body), PYTHON, ["convert"], interrupt, "converting")
    time.sleep(3.5)
    assert not mark.exists()
