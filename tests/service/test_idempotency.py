"""Answers that are kept: again, together, other requests, failures, age and size."""

import asyncio

import pytest

from f2p_deploy.service.idempotency import KeptAnswers
from f2p_deploy.service.refusals import Refusal


class Computer:
    """Computes one answer after another."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> bytes:
        self.count += 1
        await asyncio.sleep(0.01)
        if self.count == 99:
            raise Refusal("no-face", "none")
        return b"answer %d" % self.count


def test_the_same_request_is_computed_once_also_at_the_same_time() -> None:
    computer = Computer()

    async def work():
        kept = KeptAnswers()
        first = await asyncio.gather(*(kept.answer("key", b"photo", computer) for _ in range(3)))
        return [*first, await kept.answer("key", b"photo", computer), await kept.answer("other", b"photo", computer)]

    answers = asyncio.run(work())
    assert answers[:4] == [(b"answer 1", False), *[(b"answer 1", True)] * 3]
    assert answers[4] == (b"answer 2", False) and computer.count == 2


def test_a_key_belongs_to_one_request() -> None:
    async def work():
        kept = KeptAnswers()
        await kept.answer("key", b"photo", Computer())
        with pytest.raises(Refusal, match="belongs to another request"):
            await kept.answer("key", b"another", Computer())

    asyncio.run(work())


def test_a_refusal_is_heard_by_all_and_not_kept() -> None:
    computer = Computer()
    computer.count = 98

    async def work():
        kept = KeptAnswers()
        both = await asyncio.gather(
            kept.answer("key", b"photo", computer), kept.answer("key", b"photo", computer), return_exceptions=True
        )
        return [*both, await kept.answer("key", b"photo", computer)]

    one, two, three = asyncio.run(work())
    assert isinstance(one, Refusal) and isinstance(two, Refusal) and three == (b"answer 100", False)


def test_old_answers_and_too_many_bytes_are_forgotten() -> None:
    computer = Computer()

    async def work():
        brief = KeptAnswers(seconds=0.05)
        await brief.answer("key", b"photo", computer)
        await asyncio.sleep(0.1)
        small = KeptAnswers(most_bytes=20)
        for key in "abc":
            await small.answer(key, b"photo", computer)
        return [
            await brief.answer("key", b"photo", computer),
            await small.answer("c", b"photo", computer),
            await small.answer("a", b"photo", computer),
        ]

    again, last, first = asyncio.run(work())
    assert not again[1] and last == (b"answer 4", True) and not first[1]
