"""The server ends when the last page is closed, and not when one is loaded again."""

import asyncio

from f2p_deploy.editor.presence import PagePresence


def test_a_reload_does_not_count_as_closing() -> None:
    ended: list[int] = []

    async def visit() -> None:
        presence = PagePresence(lambda: ended.append(presence.pages), patience=0.05)
        first, second = presence.events(), presence.events()
        assert await anext(first) == await anext(second) == b"data: alive\n\n"
        assert presence.pages == 2
        await first.aclose()
        await asyncio.sleep(0.1)
        assert not ended
        await second.aclose()
        reloaded = presence.events()
        await anext(reloaded)
        await asyncio.sleep(0.1)
        assert not ended
        await reloaded.aclose()
        await asyncio.sleep(0.1)

    asyncio.run(visit())
    assert ended == [0]
