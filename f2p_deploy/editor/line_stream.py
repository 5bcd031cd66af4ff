"""An answer that comes in lines: work in a thread tells its progress, then its result or its error."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from threading import Event, Thread
from typing import Any

from f2p_deploy.editor.plain_errors import plain_error

#: Work in a thread: called with the function that tells progress and with the event that stops it.
Work = Callable[[Callable[[Any], None], Event], Any]


async def line_stream(work: Work) -> AsyncIterator[bytes]:
    """Yield JSON lines: `{"progress": ..}` any number of times, then `{"result": ..}` or `{"error": ..}`.

    The event is set as soon as the reader has gone.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    stop = Event()

    def tell(line: dict[str, Any]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lines.put_nowait, line)

    def run() -> None:
        try:
            tell({"result": work(lambda progress: tell({"progress": progress}), stop)})
        except BaseException as error:
            tell({"error": plain_error(error)})

    Thread(target=run, name="f2p-edit-make", daemon=True).start()
    try:
        while True:
            line = await lines.get()
            yield json.dumps(line).encode() + b"\n"
            if "progress" not in line:
                return
    finally:
        stop.set()
