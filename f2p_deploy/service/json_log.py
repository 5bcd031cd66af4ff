"""The service's log: one JSON object per line, without photos, names of files or tokens."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import IO, Any


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, event, and the record's `facts`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


def log_to(stream: IO[str] | None = None, level: int = logging.INFO) -> logging.Handler:
    """Send this package's and the server's log to a stream as JSON lines, instead of where it went before.

    Args:
        stream: the standard error if not given.
        level: the least level that is written.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    for name in ("f2p_deploy", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(level)
    return handler


class Stopwatch:
    """Measures stages one after another."""

    def __init__(self) -> None:
        self.began = self._last = time.monotonic()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        now = time.monotonic()
        seconds, self._last = now - self._last, now
        return seconds

    @property
    def total(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began
