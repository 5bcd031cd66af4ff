"""Lines of JSON from work in a thread; it stops when the reader has gone."""

import asyncio
import json
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from f2p_deploy.editor.line_stream import line_stream
from f2p_deploy.system.errors import InputError


def read(work: Callable[[Callable[[Any], None], Event], Any]) -> list[Any]:
    async def all_lines() -> list[Any]:
        return [json.loads(line) async for line in line_stream(work)]

    return asyncio.run(all_lines())


def test_progress_then_the_result() -> None:
    def work(tell: Callable[[Any], None], stop: Event) -> str:
        for done in (1, 2):
            tell({"done": done})
        return "made"

    assert read(work) == [{"progress": {"done": 1}}, {"progress": {"done": 2}}, {"result": "made"}]


@pytest.mark.parametrize(("error", "kind"), [(InputError("no"), "invalid-input"), (ZeroDivisionError("no"), "")])
def test_an_error_is_the_last_line(error: Exception, kind: str) -> None:
    def work(tell: Callable[[Any], None], stop: Event) -> None:
        raise error

    (line,) = read(work)
    assert line["error"]["kind"] == kind


def test_work_stops_when_the_reader_has_gone() -> None:
    stopped = Event()

    def work(tell: Callable[[Any], None], stop: Event) -> None:
        tell(1)
        if stop.wait(20):
            stopped.set()

    async def leave() -> None:
        lines = line_stream(work)
        await anext(lines)
        await lines.aclose()  # type: ignore[attr-defined]

    asyncio.run(leave())
    assert stopped.wait(20)
