"""Which upload makes way for another."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from viewfinder_serving import uploads
from viewfinder_serving.refusals import RefusedError
from viewfinder_serving.uploads import Uploads


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_IDLE_SECONDS", 0.0)


def test_an_upload_that_waits_for_room_is_not_pushed_out() -> None:
    async def newcomer() -> None:
        places = Uploads(1, 60)
        with places.open("a") as first:
            async with first.limit():
                pass  # a part comes
            first.arrived()
            with pytest.raises(RefusedError) as refused, places.open("a"):
                pass
            assert refused.value.status == 503

    asyncio.run(newcomer())


def test_an_upload_that_waits_for_its_client_makes_way() -> None:
    async def idle(places: Uploads) -> RefusedError | None:
        with places.open("a") as upload:
            try:
                async with upload.limit():
                    await asyncio.sleep(60)
            except TimeoutError:
                return upload.refusal()
        return None

    async def newcomer() -> RefusedError | None:
        places = Uploads(1, 60)
        waiting = asyncio.create_task(idle(places))
        await asyncio.sleep(0)
        with places.open("a"):
            return await waiting

    refusal = asyncio.run(newcomer())
    assert refusal is not None
    assert refusal.status == 503


def test_the_address_with_the_most_makes_way_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for one that is busy: whoever holds most places cannot keep the others out."""
    monkeypatch.setattr(uploads, "_IDLE_SECONDS", 60.0)

    async def hold(places: Uploads, address: str) -> str:
        try:
            with places.open(address) as upload:
                async with upload.limit():
                    await asyncio.sleep(60)
        except RefusedError:
            return "refused"
        except TimeoutError:
            return "pushed out"
        return "ended"

    async def newcomers() -> list[str]:
        places = Uploads(4, 60)
        tasks = []
        for address in ("a", "a", "a", "b", "b", "a"):
            tasks.append(asyncio.create_task(hold(places, address)))
            for _ in range(5):
                await asyncio.sleep(0)
        ends = [task.result() if task.done() else "goes on" for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return ends

    # The second of b takes a place of a's; then both have two, and nobody is idle.
    ends = asyncio.run(newcomers())
    assert ends == ["pushed out", *["goes on"] * 4, "refused"]


def test_an_upload_whose_time_has_just_run_out_makes_way_without_an_error() -> None:
    """The timer has fired, and the task that waits has not woken up yet."""

    async def hold(places: Uploads) -> None:
        with places.open("a") as upload:
            async with upload.limit():
                await asyncio.sleep(60)

    async def newcomer() -> None:
        places = Uploads(1, 0.01)
        waiting = asyncio.create_task(hold(places))
        await asyncio.sleep(0)
        (upload,) = places._open
        assert upload._waiting is not None
        upload._waiting._on_timeout()  # what the event loop calls when the time is over
        upload.push_out()
        with pytest.raises((TimeoutError, RefusedError)):
            await waiting

    asyncio.run(newcomer())


def test_a_body_that_waits_for_room_ends_an_upload_without_progress() -> None:
    """Also one of which a byte comes now and then."""
    assert asyncio.run(end_one_of(("a", 5_000_000), ("a", 10), ("a", 100_000))) == [0]


def test_an_address_that_holds_most_of_the_room_makes_way_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "_IDLE_SECONDS", 60.0)
    assert asyncio.run(end_one_of(("a", 3_000_000), ("a", 2_000_000), ("b", 2_000_000))) == [0]
    assert asyncio.run(end_one_of(("a", 3_000_000), ("b", 2_000_000), ("b", 0))) == []


def test_the_only_upload_of_an_address_may_be_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six that each ended the largest, few were ever complete."""
    monkeypatch.setattr(uploads, "_IDLE_SECONDS", 60.0)
    assert asyncio.run(end_one_of(("a", 5_000_000), ("b", 100_000), ("c", 0))) == []


def test_a_body_that_waits_for_room_itself_is_not_ended() -> None:
    assert asyncio.run(end_one_of(("a", 5_000_000), ("a", 100_000), waits=0)) == [1]


async def end_one_of(*bodies: tuple[str, int], waits: int | None = None) -> list[int]:
    """Return which of these uploads end if a body of the last one's address waits for room.

    Args:
        bodies: Each one's address, and what it holds.
        waits: The one that does not wait for its client.
    """
    places = Uploads(100, 60)
    async with AsyncExitStack() as stack:
        opened = [stack.enter_context(places.open(address)) for address, _ in bodies]
        timers = [upload.limit() for upload in opened]
        for number, (upload, (_, held)) in enumerate(zip(opened, bodies, strict=True)):
            upload.advance(1, 0.0, held)
            if number == waits:
                upload.arrived()
            else:
                await stack.enter_async_context(timers[number])
        places.free_room(bodies[-1][0])
        return [number for number, upload in enumerate(opened) if upload.refusal().status == 503]
