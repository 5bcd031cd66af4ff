"""Errors and warnings as plain data for the page, with the code of their translation where it has one."""

import logging
import re
from typing import Any

from f2p_deploy.editor.character_file import ChangedOnDisk, RemovedFromDisk
from f2p_deploy.system.errors import F2PError, Interrupted, MissingDependency, PhotoError
from f2p_deploy.system.names import shown

logger = logging.getLogger(__name__)

#: Kinds of errors that the page knows, besides `invalid-input`, `missing` and `stopped`.
_PHOTO_KINDS = ("no-face", "too-small", "turned", "unreadable")

#: Sentences with a translation in the page's texts: the pattern of each, its code, and the names of its numbers.
_SENTENCES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"the face is small \((\d+) pixels", "small", ("pixels",)),
    (r"the head is turned by (\d+) degrees", "largeYaw", ("degrees",)),
    (r"the face is close to the photo's edge", "cutOff", ()),
    (r"no face was found", "noFace", ()),
    (r"the face is too small: (\d+) pixels between the outer eye corners, at least (\d+)", "tooSmall",
     ("pixels", "needed")),
    (r"the head is turned too far \((\d+) degrees, limit (\d+)\)", "turned", ("degrees", "limit")),
    (r"the landmarks .* are not those of a face", "noFace", ()),
)

#: Sentences about a file of parameters, after its path: the pattern of each, whose groups are its values, and its code.
_FILE = r"(?P<file>.+?\.(?:json|csv|f32|bin)): "
_FILE_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"not a parameter file|damaged or truncated", "notParameters"),
    (r"'schema' must be '(?P<wanted>[^']*)', found '(?P<found>[^']*)'", "otherSchema"),
    (r"written for another version of schema '(?P<found>(?P<wanted>[^']*))'", "otherSchema"),
    (r"no controller, discrete group or part of the face named '(?P<name>[^']*)'", "unknownLock"),
    (r"(?:unknown entry|no (?:controller|discrete group|column) named|no option of) '(?P<name>[^']*)'", "wrongEntry"),
    (r"(?:[a-z ]* )?'(?P<name>[^']*)' (?:must |of schema |needs |appears )", "wrongEntry"),
)


class Stopped(Interrupted):
    """The page has given up a request, or a newer one has taken its place."""


def plain_warning(sentence: str) -> dict[str, Any]:
    """Return a sentence about a photo as `code`, `message` and `values`; the code is empty without a translation."""
    for pattern, code, names in _SENTENCES:
        if found := re.search(pattern, sentence):
            numbers = map(int, found.groups())
            return {"code": code, "message": sentence, "values": dict(zip(names, numbers, strict=True))}
    return {"code": "", "message": sentence, "values": {}}


def _plain_sentence(sentence: str) -> dict[str, Any]:
    """Return the sentence of an error as `plain_warning` does, also one about a file of parameters."""
    for pattern, code in _FILE_SENTENCES:
        if found := re.match(f"{_FILE}(?:{pattern})", sentence):
            return {"code": code, "message": sentence, "values": found.groupdict()}
    return plain_warning(sentence)


def plain_error(error: BaseException) -> dict[str, Any]:
    """Return an error as `kind`, `message`, `values` and `code`: the sentence of the command line.

    The kind is empty for a bug, which is also logged.
    """
    if isinstance(error, Stopped):
        return {"kind": "stopped", "message": "stopped", "values": {}, "code": "stopped"}
    if not isinstance(error, F2PError):
        logger.warning("unexpected %s", type(error).__name__, exc_info=error)
        message = f"unexpected {type(error).__name__}: {error}. This is a bug; --verbose shows where"
        return {"kind": "", "message": shown(message), "values": {}, "code": ""}
    plain = _plain_sentence(shown(str(error)))
    if isinstance(error, PhotoError) and error.reason in _PHOTO_KINDS:
        code = "unreadable" if error.reason == "unreadable" else plain["code"]
        return {"kind": error.reason, **plain, "code": code}
    if isinstance(error, ChangedOnDisk):
        code = "removedFromDisk" if isinstance(error, RemovedFromDisk) else "changedOnDisk"
        return {"kind": "invalid-input", **plain, "code": code}
    return {"kind": "missing" if isinstance(error, MissingDependency) else "invalid-input", **plain}
