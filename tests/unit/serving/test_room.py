"""How bodies wait for room."""

import asyncio

import pytest
from tests.fixtures.waiting import PATIENCE

from viewfinder_serving import room as module
from viewfinder_serving.room import Room


def test_room_that_is_too_small_does_not_keep_a_body_from_asking_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other bodies come and go all the time."""
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.05)

    async def wait_beside_others() -> None:
        room, asked = Room(1_000_000, PATIENCE), asyncio.Event()
        with room.share() as first, room.share() as second, room.share(asked.set) as waiting:
            await first.take(2_000_000)
            await second.take(800_000)
            task = asyncio.create_task(waiting.take(500_000))
            while not asked.is_set():
                with room.share() as small:
                    await small.take(1_000)
                await asyncio.sleep(0)
            task.cancel()

    async def wait_in_time() -> None:
        await asyncio.wait_for(wait_beside_others(), PATIENCE)

    asyncio.run(wait_in_time())
