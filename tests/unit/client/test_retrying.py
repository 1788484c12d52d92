"""When a request is sent again."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from viewfinder_client.errors import UnansweredError
from viewfinder_client.retrying import Persistence, Retries, read_retry_after
from viewfinder_client.v1_failures import BusyError, NoAnswerInTimeError
from viewfinder_components.errors import PermanentError, TransientError


def test_pauses_double_up_to_a_limit() -> None:
    longest = Retries(20, draw=lambda: 1.0)
    assert [longest.find_pause(number, None) for number in range(1, 7)] == [0.5, 1, 2, 4, 8, 8]
    assert longest.find_pause(20, None) == 8
    assert longest.find_pause(21, None) is None
    assert Retries(20, draw=lambda: 0.0).find_pause(5, None) == 0


def test_what_the_server_wants_is_the_least() -> None:
    assert Retries(20, draw=lambda: 0.0).find_pause(1, "3") == 3
    assert Retries(20, draw=lambda: 1.0).find_pause(1, "3") == 3.5
    assert Retries(20, draw=lambda: 0.0).find_pause(1, "3600") is None


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "1.5", "nan", "99:99", "Mon, 99 Foo 2020 99:99:99 GMT", "\x00", ","]
)
def test_an_unreadable_retry_after_counts_as_none(text: str) -> None:
    assert read_retry_after(text) is None
    assert Retries(1, draw=lambda: 0.0).find_pause(1, text) == 0


def test_forms_of_retry_after() -> None:
    assert read_retry_after(None) is None
    assert read_retry_after(" 7 ") == 7
    assert read_retry_after("9" * 400) == math.inf
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < (read_retry_after(later) or 0) <= 3600
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    assert read_retry_after(past) == 0


BUSY = BusyError("an answer", "HTTP 503", "wait", "0")
AWAY = TransientError("an answer", "nobody", "wait")
LATE = NoAnswerInTimeError("an answer", "none", "wait")
REFUSED = UnansweredError("not a photo")
WRONG = PermanentError("a model", "none", "name one")


def attempt(*results: object, deadline: float = math.inf, retries: int = 8) -> tuple[object, int]:
    """Return what comes of attempts with these results, and how many there were."""
    left = list(results)

    async def ask() -> object:
        result = left.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def persist() -> object:
        return await Persistence(Retries(retries, draw=lambda: 0.0)).persist(ask, deadline)

    try:
        return asyncio.run(persist()), len(results) - len(left)
    except (PermanentError, TransientError) as error:
        return error, len(results) - len(left)


def test_what_is_tried_again() -> None:
    assert attempt("yes") == ("yes", 1)
    assert attempt(BUSY, BUSY, "yes") == ("yes", 3)
    assert attempt(BUSY, AWAY, "yes") == ("yes", 3)
    assert attempt(AWAY, "yes") == (AWAY, 1), "the address has never answered"
    assert attempt(BUSY, LATE, "yes") == (LATE, 2)
    assert attempt(BUSY, WRONG, "yes") == (WRONG, 2)
    assert attempt(REFUSED, "yes") == (REFUSED, 1)
    assert attempt(BUSY, BUSY, BUSY, "yes", retries=2) == (BUSY, 3)
    assert attempt(BUSY, "yes", retries=0) == (BUSY, 1)
    assert attempt(BUSY, "yes", deadline=0.0) == (BUSY, 1)


def test_who_refuses_a_photo_has_answered() -> None:
    async def run() -> str:
        persistence = Persistence(Retries(3, draw=lambda: 0.0))
        results: list[object] = [REFUSED, AWAY, "yes"]

        async def ask() -> str:
            result = results.pop(0)
            if isinstance(result, Exception):
                raise result
            return str(result)

        with pytest.raises(UnansweredError):
            await persistence.persist(ask, math.inf)
        return await persistence.persist(ask, math.inf)

    assert asyncio.run(run()) == "yes"
