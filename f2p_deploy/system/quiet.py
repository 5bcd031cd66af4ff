"""Silence libraries that print, warn or log about things that users cannot act on."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

#: Held while a block is silent: levels, filters and streams belong to the whole process, and two threads that saved and
#: restored them in turn would leave them silenced.
_silence = RLock()


@contextmanager
def quiet(*loggers: str, level: int = logging.ERROR, streams: bool = True) -> Iterator[None]:
    """Silence Python warnings, some loggers, and what Python code prints.

    The process's logger levels, filters and streams are changed while the block runs, and restored afterwards. Blocks
    of several threads run one after another; blocks of one thread may be nested.

    Args:
        loggers: names of the loggers to silence.
        level: messages of these loggers below this level are dropped.
        streams: whether the standard output and the standard error are silenced; native code still prints.
    """
    with _silence:
        chatty = [logging.getLogger(name) for name in loggers]
        levels = [logger.level for logger in chatty]
        for logger in chatty:
            logger.setLevel(level)
        try:
            with contextlib.ExitStack() as stack:
                stack.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
                if streams:
                    stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
                    stack.enter_context(contextlib.redirect_stderr(io.StringIO()))
                yield
        finally:
            for logger, before in zip(chatty, levels, strict=True):
                logger.setLevel(before)
