"""The pace of refusals, with a clock that the test drives."""

import asyncio

import pytest

from viewfinder_serving.pacing import Pacing


def test_a_few_are_immediate() -> None:
    pacing = Pacing()
    assert [pacing.delay(second / 100) for second in range(100, 400)] == [0.0] * 300


def test_many_at_once_are_spread() -> None:
    pacing = Pacing()
    delays = [pacing.delay(10.0) for _ in range(40)]
    assert delays == pytest.approx([number / 200 for number in range(40)])


def test_none_waits_long() -> None:
    pacing = Pacing()
    assert max(pacing.delay(10.0) for _ in range(1_000)) == pytest.approx(0.25)
    assert pacing.delay(11.0) == 0.0


def test_only_so_many_wait() -> None:
    async def refuse() -> list[bool]:
        pacing = Pacing()
        waits = [asyncio.create_task(pacing.wait()) for _ in range(300)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        done = [wait.done() for wait in waits]
        await asyncio.gather(*waits)
        return done

    done = asyncio.run(refuse())
    assert done.count(True) == 300 - 256
