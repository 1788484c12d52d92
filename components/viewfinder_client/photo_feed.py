"""Photos in progress, and their results in order, as soon as there are any."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from typing import Any

from viewfinder_client.failure_streak import Outcome
from viewfinder_client.photo_source import Item, Photo, PhotoSource, list_items, make_item

_END = object()


class PhotoFeed:
    """Reads a source ahead of the results that are taken, however long it takes for a photo.

    So a source can wait for the result of the photo that it gave before. Create it in an event
    loop, and `close` it.

    Args:
        photos: As for `AsyncClient.classify_many`.
        find_outcome: Asks about one photo.
        ahead: How many photos may be in progress, or wait for an earlier one.
    """

    def __init__(
        self,
        photos: PhotoSource | AsyncIterable[Photo],
        find_outcome: Callable[[Item], Awaitable[Outcome]],
        ahead: int,
    ) -> None:
        self._find_outcome = find_outcome
        self._places = asyncio.Semaphore(ahead)
        self._asked: asyncio.Queue[asyncio.Future[Outcome] | None] = asyncio.Queue()
        """Photos in their order; None after the last one."""
        self._reading = asyncio.create_task(self._read(photos))

    async def outcomes(self) -> AsyncGenerator[Outcome, None]:
        """Yield what comes of each photo, in order.

        Raises:
            ViewfinderError: The server would refuse every photo.
            Exception: The source's, after the results of the photos before.
        """
        while (asked := await self._asked.get()) is not None:
            yield await asked
            self._places.release()
        await self._reading

    async def close(self) -> None:
        """End the requests, and close the source."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        asked = [self._asked.get_nowait() for _ in range(self._asked.qsize())]
        running = [one for one in asked if one is not None]
        for one in running:
            one.cancel()
        await asyncio.gather(self._reading, *running, return_exceptions=True)

    async def _read(self, photos: PhotoSource | AsyncIterable[Photo]) -> None:
        try:
            async with aclosing(_iterate(photos)) as items:
                await self._places.acquire()
                async for item in items:
                    self._asked.put_nowait(asyncio.ensure_future(self._find_outcome(item)))
                    await self._places.acquire()
        finally:
            self._asked.put_nowait(None)


def _iterate(photos: Any) -> AsyncGenerator[Item, None]:
    """Return the photos of any source."""
    if isinstance(photos, AsyncIterable):
        return _iterate_asynchronous(photos)
    items = list_items(photos)
    is_place = isinstance(photos, str) or hasattr(photos, "__fspath__")
    return _iterate_in_thread(items) if is_place else _iterate_here(items)


async def _iterate_asynchronous(photos: AsyncIterable[Photo]) -> AsyncGenerator[Item, None]:
    async with AsyncExitStack() as stack:
        if isinstance(photos, AsyncGenerator):
            await stack.enter_async_context(aclosing(photos))
        async for photo in photos:
            yield make_item(photo)


async def _iterate_in_thread(items: Iterator[Item]) -> AsyncGenerator[Item, None]:
    """Yield what listing a folder or a bucket finds, which waits for a disk or a server."""
    while True:
        item: Any = await asyncio.to_thread(next, items, _END)
        if item is _END:
            return
        yield item


async def _iterate_here(items: Iterator[Item]) -> AsyncGenerator[Item, None]:
    for item in items:
        yield item
