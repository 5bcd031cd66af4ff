"""Bars, tables and warnings, printed with and without a terminal."""

import logging
import os
import subprocess
import sys

import pytest

from f2p_deploy.cli import console
from f2p_deploy.report.page import Table


def test_a_table_in_a_pipe_is_plain_and_fits_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    console.table([("a", "x"), ("bbb", "[red]y[/red]")], ("name", "text"))
    assert capsys.readouterr().out == "name  text\na     x\nbbb   [red]y[/red]\n"
    console.table([("a", "word " * 40), ("bbb", "x" * 200)], ("name", "text"))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and sum(line.count("word") for line in lines) == 40
    assert "".join(lines).count("x") == 201  # nothing is cut off


def test_a_table_in_a_pipe_is_as_wide_as_columns_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    console.table([("a", "x" * 200)])
    assert capsys.readouterr().out == f"a  {'x' * 200}\n"
    monkeypatch.setenv("COLUMNS", "wide")
    console.table([("a", "x" * 200)])
    assert max(map(len, capsys.readouterr().out.splitlines())) == 80


def test_a_wide_table_of_numbers_goes_on_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    names = [f"set {i}" for i in range(7)]
    numbers = [f"0.{i}234 ± 0.0{i}50" for i in range(7)]
    console.tables([Table(("", *names), [("content + identity, attention", *numbers)], "Accuracy", "Said below.")])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80 and lines[1] == "Accuracy" and lines[-1] == "Said below."
    assert [line for line in lines if line.startswith("content")] == [
        "  ".join(["content + identity, attention", *numbers[i : i + 3]]) for i in (0, 3, 6)
    ]
    console.tables([Table(("", "a"), [("b", "word " * 40)], "Sentences")])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80, "a cell that fits nowhere is folded"


def test_warnings_of_the_package_are_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    root, own = logging.getLogger(), logging.getLogger("f2p_deploy")
    before = (root.level, own.level, list(root.handlers))
    try:
        console.set_up()
        logging.getLogger("f2p_deploy.somewhere").warning("three %s", "words")
        logging.getLogger("f2p_deploy.somewhere").info("unheard")
        logging.getLogger("somebody.else").warning("unheard as well")
    finally:
        root.setLevel(before[0])
        own.setLevel(before[1])
        root.handlers[:] = before[2]
    assert capsys.readouterr().err == "warning: three words\n"


def test_a_process_without_streams_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    console.sentence("unheard", "error")
    with console.bar() as bar:
        bar.update("a", 1, 2, "unheard")
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys, "stdout", None)
    console.table([("unheard",)])


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("no_color", [False, True])
def test_colours_only_on_a_terminal_that_wants_them(no_color: bool) -> None:
    import pty

    code = """
from f2p_deploy.cli import console
with console.bar() as bar:
    bar.update("a", 1, 2, "file[red].jpg")
    console.sentence("one [bold] sentence", "error")
console.sentence("another", "error")
"""
    master, slave = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm-256color"}
    environment |= {"NO_COLOR": "1"} if no_color else {}
    with subprocess.Popen([sys.executable, "-c", code], stdout=slave, stderr=slave, env=environment):
        os.close(slave)
        printed = b""
        while True:
            try:
                chunk = os.read(master, 4096)
            except OSError:
                break
            if not chunk:
                break
            printed += chunk
    os.close(master)
    text = printed.decode()
    assert "file[red].jpg" in text and "one [bold] sentence" in text and "another" in text
    assert ("\x1b[1;31m" in text) is not no_color


def test_control_characters_and_odd_bytes_in_names_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    odd = "caf\udce9\x1b[2J\n\x9b.jpg"
    console.sentence(f"{odd}: no face", "error")
    console.sentence("a help\nof two lines \x1b")
    console.result(f"\nmade {odd}")
    console.table([(odd, "1")], ("photo", "count"))
    console.emit({"photo": odd})
    console.reset()
    printed = capsys.readouterr()
    for text in printed:
        text.encode("utf-8")
        assert not set(text) & set("\x1b\x9b")
    assert printed.err == "error: caf\\xe9\\x1b[2J\\n\\x9b.jpg: no face\na help\nof two lines \\x1b\n"
    assert printed.out.startswith("\nmade caf\\xe9\\x1b[2J\n\\x9b.jpg\n")
    assert "caf\\xe9\\x1b[2J\\n\\x9b.jpg  1\n" in printed.out
