"""Names of files as people, browsers, spreadsheets and JSON may see them: whatever the file system allows.

Inside the package a name is what Python makes of it, bytes that are no UTF-8 included (`surrogateescape`). Only where
it leaves the package does it become one of the forms here.
"""

import json
import os
import re
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from f2p_deploy.system.errors import InputError

#: Controls, which a terminal obeys; ends of lines and paragraphs; marks that turn the direction of writing, so that
#: `gpj.exe` reads `exe.jpg`; and halves of surrogate pairs, which no encoding takes: a byte that was no UTF-8.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: The same but for what JSON escapes by itself.
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: What begins a formula in a spreadsheet (OWASP, "CSV injection"), and a number, which does not.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def shown(text: object) -> str:
    r"""Return a name, or a sentence with one, as printable text on one line: `caf\xe9.jpg`, `a\nb.jpg`."""
    return UNSAFE.sub(_escaped, str(text))


def shown_lines(text: str) -> str:
    """Return text as `shown` does, its ends of lines kept."""
    return "\n".join(shown(line) for line in text.split("\n"))


def require_utf8(path: str, library: str) -> str:
    """Return a path that a library can be given: as text, which not every name on a disk is.

    Raises:
        InputError: it is not UTF-8.
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{library} opens no file whose path is not UTF-8: rename {shown(path)}, or the folder of that name"
        ) from error
    return path


def address(path: str | PurePath) -> str:
    """Return a relative path as a link in a page beside it, its bytes percent-encoded."""
    parts = PurePath(path).parts
    return "/".join(quote(os.fsencode(part), safe="") for part in parts)


def cell(value: object) -> object:
    """Return what goes into a cell of a CSV file: text as `shown`, what a spreadsheet would run behind an apostrophe.

    Numbers stay as they are, also those that were formatted.
    """
    if not isinstance(value, str | PurePath):
        return value
    text = str(value)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    return shown(text)


def json_text(data: Any, indent: int | None = 2) -> str:
    r"""Return plain data as JSON that every reader and every terminal takes.

    A byte that is no UTF-8 stands as `\\xe9`, since JSON has no bytes; everything else reads back as it was.
    """
    return _UNSAFE_IN_JSON.sub(_escaped_in_json, json.dumps(data, indent=indent, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if "\udc80" <= character <= "\udcff":  # what `surrogateescape` makes of a byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def _escaped_in_json(found: re.Match[str]) -> str:
    if "\ud800" <= found[0] <= "\udfff":
        return "\\" + _escaped(found)
    return f"\\u{ord(found[0]):04x}"
