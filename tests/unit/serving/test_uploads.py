"""Which upload makes way for another."""

import asyncio

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
        with places.open() as first:
            async with first.limit():
                pass  # a part comes
            first.arrived()
            with pytest.raises(RefusedError) as refused, places.open():
                pass
            assert refused.value.status == 503

    asyncio.run(newcomer())


def test_an_upload_that_waits_for_its_client_makes_way() -> None:
    async def idle(places: Uploads) -> RefusedError | None:
        with places.open() as upload:
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
        with places.open():
            return await waiting

    refusal = asyncio.run(newcomer())
    assert refusal is not None
    assert refusal.status == 503
