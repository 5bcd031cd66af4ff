"""Safe forms of file names for terminals, web pages, spreadsheets and JSON.

A file name may hold any bytes. Inside the package it is a Python string, in which bytes that are not UTF-8 are
surrogates (`surrogateescape`). The functions here convert it for output.
"""

import json
import os
import re
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from f2p_deploy.system.errors import InputError

#: Control characters, which a terminal executes; line and paragraph separators; marks that change the direction of
#: writing, so that `gpj.exe` is displayed as `exe.jpg`; and surrogates, which stand for bytes that are not UTF-8 and
#: cannot be encoded.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: The same without the characters that JSON escapes anyway.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: The start of a formula in a spreadsheet (OWASP, "CSV injection"), and numbers, which may start alike.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def shown(text: object) -> str:
    r"""Return a file name, or a message with one, as printable text on one line: `caf\xe9.jpg`, `a\nb.jpg`."""
    return UNSAFE.sub(_escaped, str(text))


def shown_lines(text: str) -> str:
    """Return text as `shown` does, but keep its line breaks."""
    return "\n".join(shown(line) for line in text.split("\n"))


def require_utf8(path: str, library: str) -> str:
    """Return a path if it is valid UTF-8, which some libraries require.

    Raises:
        InputError: the path is not UTF-8.
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{library} cannot open a file whose path is not UTF-8: rename {shown(path)}, or the folder of that name"
        ) from error
    return path


def address(path: str | PurePath) -> str:
    """Return a relative path as a percent-encoded link for a web page in the same folder."""
    parts = PurePath(path).parts
    return "/".join(quote(os.fsencode(part), safe="") for part in parts)


def cell(value: object) -> object:
    """Return the value of a CSV cell: text as by `shown`, with an apostrophe before text that would be a formula.

    Numbers do not change, even if they are formatted as text.
    """
    if not isinstance(value, str | PurePath):
        return value
    text = str(value)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return shown(text)


def json_text(data: Any, indent: int | None = 2) -> str:
    r"""Return plain data as JSON that is safe for every reader and terminal.

    A byte that is not UTF-8 is written as `\\xe9`, since JSON has no bytes; everything else is read back unchanged.
    """
    return _UNSAFE_IN_JSON.sub(_escaped_in_json, json.dumps(data, indent=indent, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if "\udc80" <= character <= "\udcff":  # a byte decoded by `surrogateescape`
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def _escaped_in_json(match: re.Match[str]) -> str:
    if "\ud800" <= match[0] <= "\udfff":
        return "\\" + _escaped(match)
    return f"\\u{ord(match[0]):04x}"
