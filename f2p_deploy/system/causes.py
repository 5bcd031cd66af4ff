"""What other people's software says when it fails: kept out of our sentences, and in the log for `--verbose`."""

import json
import logging
import re
import tomllib
from collections.abc import Iterator

from f2p_deploy.system.errors import F2PError

logger = logging.getLogger(__name__)

#: The end of a sentence on what a compiler or another library could not do.
SAID = "--verbose shows what it said"


def log_causes(error: BaseException | None) -> None:
    """Log, at INFO, the errors of libraries and of the system that led to an error, the nearest first.

    Args:
        error: what is about to be told in a sentence of our own; None does nothing.
    """
    for cause in _causes(error):
        if not isinstance(cause, F2PError):
            logger.info("%s: %s", type(cause).__name__, cause)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield error


def place_of(error: Exception) -> str:
    """Return where in a file an error of its reader lies, as the end of a sentence; empty if the error does not say.

    Args:
        error: of `json`, `tomllib` or decoding UTF-8.
    """
    if isinstance(error, json.JSONDecodeError):
        return f" at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f" at byte {error.start}, which is not UTF-8"
    found = re.search(r"line \d+, column \d+|end of document", str(error))
    return f" at {found[0]}" if found and isinstance(error, tomllib.TOMLDecodeError) else ""


def reason_of(error: Exception, otherwise: str) -> str:
    """Return the system's words for an error of its own ("No space left on device"), else the words given."""
    return (isinstance(error, OSError) and error.strerror) or otherwise
