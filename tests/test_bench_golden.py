"""bench/golden: the scripts' form, and the part that runs in another Python. No tool is installed here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "bench" / "golden"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
#: A tool of the form of run_*.py: it doubles, and refuses what is empty.
TOOL = """
import sys
sys.path.insert(0, {folder!r})
import in_other_python

def build(model, inputs, outputs):
    if model == "none":
        raise ValueError("no such operator\\nand more")
    return lambda given: [2 * given[name] for name in inputs]

in_other_python.main(lambda: "doubling 1.0", build)
"""


@pytest.fixture
def tool(tmp_path: Path) -> list[str]:
    if not FOLDER.is_dir():
        pytest.skip("bench/ is not part of this copy")
    (tmp_path / "tool.py").write_text(TOOL.format(folder=str(FOLDER)), encoding="utf-8")
    np.savez(tmp_path / "in.npz", a=np.arange(6.0).reshape(3, 1, 2), b=np.ones((3, 1, 4)))
    return [sys.executable, str(tmp_path / "tool.py")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_can_be_started_and_pins_what_it_installs(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run([shutil.which("bash") or "bash", "-n", script], check=False).returncode == 0
    text = script.read_text(encoding="utf-8")
    tools = re.findall(r'measure\.py" (\w+) ', text)
    assert re.search(r"[\w-]+==[\d.]+", text) and tools
    assert all((FOLDER / f"run_{tool}.py").is_file() for tool in tools)


def test_each_sample_is_run_and_each_output_stored(tool: list[str], tmp_path: Path) -> None:
    command = [*tool, "some", "in.npz", "out.npz", "x", "y", "--plain"]
    subprocess.run(command, cwd=tmp_path, check=True)
    with np.load(tmp_path / "out.npz") as found:
        assert found.files == ["x", "y"]
        np.testing.assert_array_equal(found["x"], 2 * np.arange(6.0).reshape(3, 1, 2))


def test_a_refusal_is_the_first_line_of_its_message(tool: list[str], tmp_path: Path) -> None:
    ran = subprocess.run([*tool, "none", "in.npz", "out.npz", "x"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1 and "refused: ValueError: no such operator\n" in ran.stderr
    assert not (tmp_path / "out.npz").exists()


def test_the_version_needs_no_model(tool: list[str]) -> None:
    assert subprocess.run([*tool, "--version"], capture_output=True, text=True).stdout == "doubling 1.0\n"
