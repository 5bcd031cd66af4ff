"""File names in output: safe for terminals, web pages, spreadsheets and JSON, and links still lead to the files."""

import csv
import io
import json
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import address, cell, json_text, require_utf8, shown, shown_lines

#: Names as bytes, and how a person sees them.
NAMES = [
    (b"caf\xe9.jpg", r"caf\xe9.jpg"),
    (b"new\nline\r\t.jpg", r"new\nline\r\t.jpg"),
    (b"esc\x1b[31m\x7f.jpg", r"esc\x1b[31m\x7f.jpg"),
    ("\u009b2J\u2028.jpg".encode(), r"\x9b2J\u2028.jpg"),
    ("\u202egpj.exe".encode(), r"\u202egpj.exe"),
    ("写真 é\u200d\U0001f468.jpg".encode(), "写真 é\u200d\U0001f468.jpg"),
    (b"C:\\photos\\a.jpg", "C:\\photos\\a.jpg"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_names_are_shown_printable_on_one_line(name: bytes, expected: str) -> None:
    assert shown(os.fsdecode(name)) == shown(Path(os.fsdecode(name))) == expected
    shown(os.fsdecode(name)).encode("utf-8")


def test_lines_are_kept_where_they_are_meant() -> None:
    assert shown_lines("a\n\x1bb\n") == "a\n\\x1bb\n"


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
@pytest.mark.parametrize("name", [name for name, _ in NAMES] + [b"%41#?&.jpg", b"a:b"])
def test_an_address_leads_to_the_file(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).mkdir()
    (tmp_path / os.fsdecode(name) / "x y.png").touch()
    link = address(Path(os.fsdecode(name)) / "x y.png")
    assert link.isascii() and ":" not in link.partition("/")[0]
    assert os.path.isfile(os.fsencode(tmp_path) + b"/" + unquote_to_bytes(link))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1+1", "'+1+1"),
        ("-rf.jpg", "'-rf.jpg"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("-12.5", "-12.5"),
        ("+3", "+3"),
        ("-1e-05", "-1e-05"),
        (-1.5, -1.5),
        ("", ""),
        ("a=b", "a=b"),
        (Path("caf\udce9"), "caf\\xe9"),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_text_and_numbers_stay_numbers(value: object, expected: object) -> None:
    found = cell(value)
    assert found == expected and isinstance(found, int | float) == isinstance(value, int | float)
    text = io.StringIO(newline="")
    csv.writer(text).writerow([found])
    assert next(csv.reader(io.StringIO(text.getvalue(), newline=""))) == [str(expected)]


def test_json_reads_back_but_for_bytes_that_are_no_text() -> None:
    data = {"a\x9b": ["new\nline", "esc\x1b", "\u202e\u2028", "写"], "n": [1.5, None, True]}
    text = json_text(data)
    assert json.loads(text) == data
    assert not set(text) & set("\x1b\x9b\u202e\u2028") and "写" in text
    text = json_text({"photo": "caf\udce9", "lone": "\ud83d"})
    assert json.loads(text.encode("utf-8")) == {"photo": r"caf\xe9", "lone": r"\ud83d"}


def test_a_path_that_is_not_utf_8_is_refused_where_a_library_takes_text() -> None:
    assert require_utf8("/tmp/写", "ONNX Runtime") == "/tmp/写"
    with pytest.raises(InputError, match=r"ONNX Runtime cannot open a file .*rename /tmp/caf\\xe9"):
        require_utf8(os.fsdecode(b"/tmp/caf\xe9/step.onnx"), "ONNX Runtime")
