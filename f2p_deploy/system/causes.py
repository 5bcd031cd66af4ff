"""Error messages of other software: they go to the log (`--verbose`), not into the messages of this package."""

import json
import logging
import re
import tomllib
from collections.abc import Iterator

from f2p_deploy.system.errors import F2PError

logger = logging.getLogger(__name__)

#: The end of a message about the failure of a compiler or another library.
SAID = "--verbose shows what it said"


def log_causes(error: BaseException | None) -> None:
    """Log, at INFO, the errors of libraries and of the system that caused an error, the nearest first.

    Args:
        error: an error that is about to be reported; None does nothing.
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
    """Return the position of a read error in a file, as the end of a message; empty if the error has none.

    Args:
        error: an error of `json`, `tomllib` or UTF-8 decoding.
    """
    if isinstance(error, json.JSONDecodeError):
        return f" at line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f" at byte {error.start}, which is not UTF-8"
    position = re.search(r"line \d+, column \d+|end of document", str(error))
    return f" at {position[0]}" if position and isinstance(error, tomllib.TOMLDecodeError) else ""


def reason_of(error: Exception, otherwise: str) -> str:
    """Return the system's text for a system error ("No space left on device"), or `otherwise` for another error."""
    return (isinstance(error, OSError) and error.strerror) or otherwise


def reason_of_text(error: OSError | UnicodeDecodeError) -> str:
    """Return why a text file cannot be read: the system's text, or from which byte on it is not UTF-8."""
    start = f", from byte {error.start} on" if isinstance(error, UnicodeDecodeError) else ""
    return reason_of(error, f"it is not UTF-8 text{start}")
