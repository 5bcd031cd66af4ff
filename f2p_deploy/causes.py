"""What other people's software says when it fails: kept out of our sentences, and in the log for `--verbose`."""

import logging
from collections.abc import Iterator

from f2p_deploy.errors import F2PError

logger = logging.getLogger(__name__)


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
