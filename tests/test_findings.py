"""The scripts in findings/: their form, and that they and their table say the same. What they show is not run here."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))
PIN = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*")


def parts(script: Path) -> tuple[str, str, str]:
    """Return the comment at the top, the commands, and the Python program that they run."""
    text = script.read_text(encoding="utf-8")
    found = re.fullmatch(r"#!/usr/bin/env bash\n((?:#[^\n]*\n)+)(.*?<<'END'\n)(.*)END\n", text, re.DOTALL)
    assert found, "a first line for bash, a comment, commands, and a program up to END"
    return found[1], found[2], found[3]


def pins(script: Path) -> list[str]:
    installs = re.findall(r'^"\$folder/venv/bin/pip" install (.*)$', parts(script)[1], re.MULTILINE)
    return [word for line in installs for word in line.split() if not word.startswith("-")]


def rows() -> dict[str, list[str]]:
    """Return the table's cells, by finding."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| [")]
    return {re.sub(r"\[(.*)\]\(.*\)", r"\1", row[0]): row for row in cells}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_is_bash_that_can_be_started(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run([shutil.which("bash") or "bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_its_comment_says_what_was_expected_and_what_happens(script: Path) -> None:
    comment = parts(script)[0].splitlines()
    assert comment[0].startswith("# ") and comment[0].endswith("."), "one sentence first"
    assert re.findall(r"^# (\w+):", "\n".join(comment), re.MULTILINE) == ["Package", "Platform", "Expected", "Happens"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_installs_pinned_packages_into_a_folder_that_it_removes(script: Path) -> None:
    comment, commands, _ = parts(script)
    assert pins(script) and all(PIN.fullmatch(pin) for pin in pins(script))
    told = re.findall(r"([a-z0-9-]+) ([0-9][0-9a-z.]*[0-9])", comment.split("Package:")[1].split("Platform:")[0])
    assert told and {"==".join(pair) for pair in told} <= set(pins(script))
    assert "folder=$(mktemp -d)\ntrap 'rm -rf \"$folder\"' EXIT\n" in commands and "set -euo pipefail\n" in commands


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_its_program_needs_nothing_of_ours_and_says_when_something_changed(script: Path) -> None:
    text, program = script.read_text(encoding="utf-8"), parts(script)[2]
    ast.parse(program)
    assert len(program.splitlines()) < 100
    assert not re.search(r"f2p|https?://|/home/|/root/|/work/", text)
    assert "sys.exit(" in program and not re.search(r"sys\.exit\((?!f?\"changed: )", program)


def test_the_table_lists_every_script_with_its_version_and_with_files_that_are_there() -> None:
    table = rows()
    assert SCRIPTS and set(table) == {script.stem for script in SCRIPTS}
    for script in SCRIPTS:
        link, package, _, remedy = table[script.stem]
        assert link == f"[{script.stem}]({script.name})"
        assert {part.replace(" ", "==") for part in package.split(", ")} <= set(pins(script))
        files = re.findall(r"`(f2p_deploy/[^`]*)`", remedy)
        assert files and all((ROOT / file).is_file() for file in files), files
