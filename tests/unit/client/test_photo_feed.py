"""Results as soon as they are there, and a source that is read ahead of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing
from typing import TypeVar

import pytest
from tests.fixtures.waiting import PATIENCE

from viewfinder_client import Unanswered
from viewfinder_client.failure_streak import Outcome
from viewfinder_client.photo_feed import PhotoFeed
from viewfinder_client.photo_source import Item

_AHEAD = 3
_Found = TypeVar("_Found")


def run(work: Awaitable[_Found]) -> _Found:
    async def run_in_time() -> _Found:
        return await asyncio.wait_for(work, PATIENCE)

    return asyncio.run(run_in_time())


class Source:
    """Photos without an end; notes what is taken of it, and its end."""

    def __init__(self, error: Exception | None = None, after: int = 1_000_000) -> None:
        self.taken = 0
        self.is_closed = False
        self._error = error
        self._after = after

    async def photos(self) -> AsyncIterator[bytes]:
        try:
            while self.taken < self._after:
                self.taken += 1
                yield b"photo"
            if self._error:
                raise self._error
        finally:
            self.is_closed = True


async def find_outcome(item: Item) -> Outcome:
    await asyncio.sleep(0)
    return Outcome(Unanswered(item.name, "no server"))


def test_the_source_is_not_read_far_ahead() -> None:
    async def read() -> None:
        source = Source()
        feed = PhotoFeed(source.photos(), find_outcome, _AHEAD)
        async with aclosing(feed.outcomes()) as outcomes:
            for number in range(10):
                await anext(outcomes)
                for _ in range(20):
                    await asyncio.sleep(0)
                assert source.taken == number + _AHEAD
        await feed.close()

    run(read())


@pytest.mark.parametrize("taken", [0, 1])
def test_an_early_end_ends_the_requests_and_closes_the_source(taken: int) -> None:
    begun = ended = 0

    async def find_some(item: Item) -> Outcome:
        nonlocal begun, ended
        begun += 1
        if begun > taken:
            try:
                await asyncio.Event().wait()
            finally:
                ended += 1
        return await find_outcome(item)

    async def read() -> None:
        before = asyncio.all_tasks()
        feed = PhotoFeed(source.photos(), find_some, _AHEAD)
        async with aclosing(feed.outcomes()) as outcomes:
            for _ in range(taken):
                await anext(outcomes)
            for _ in range(20):
                await asyncio.sleep(0)
        await feed.close()
        assert asyncio.all_tasks() == before

    source = Source()
    run(read())
    assert source.is_closed
    assert ended == begun - taken > 0


@pytest.mark.parametrize("error", [ZeroDivisionError(), StopIteration(), None])
def test_an_error_of_the_source_comes_after_the_results(error: Exception | None) -> None:
    found = []

    async def read() -> None:
        feed = PhotoFeed(Source(error, after=5).photos(), find_outcome, _AHEAD)
        try:
            async with aclosing(feed.outcomes()) as outcomes:
                async for outcome in outcomes:
                    found.append(outcome)
        finally:
            await feed.close()

    if error is None:
        run(read())
    else:
        with pytest.raises((type(error), RuntimeError)):
            run(read())
    assert len(found) == 5
