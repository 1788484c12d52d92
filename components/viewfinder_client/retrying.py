"""When a request is sent again, and how long a server is left alone before that.

A prediction changes nothing on the server, so a request may be repeated after any failure, even if
it had arrived. One failure is not repeated: no answer in time, because asking again takes as long.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TypeVar

from viewfinder_client.errors import UnansweredError
from viewfinder_client.v1_failures import MALFORMED, BusyError, LastingError
from viewfinder_components.errors import TransientError

RETRY_AFTER = "retry-after"
"""The header with which a server says when to ask again."""
_FIRST_SECONDS = 0.5
_LONGEST_SECONDS = 8.0
_MOST_WANTED_SECONDS = 30.0  # a server that wants more is not asked again by a program that waits

_Result = TypeVar("_Result")


class Retries:
    """The pauses between attempts: doubled each time, and drawn at random (full jitter).

    [Brooker, 2015](https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/) shows
    that clients without jitter come back all at once. That holds for a `Retry-After` too, which
    tells all of them the same, so a part drawn at random is added to it.

    Args:
        most: How often a request is sent again; 0 for never.
        draw: Draws a number from 0 to 1.
    """

    def __init__(self, most: int, draw: Callable[[], float] = random.random) -> None:  # noqa: S311
        self._most = most
        self._draw = draw

    def find_pause(self, attempt: int, retry_after: str | None) -> float | None:
        """Return the seconds before the next attempt; None if there is none.

        Args:
            attempt: How many there have been, from 1.
            retry_after: The answer's `Retry-After` (RFC 9110, 10.2.3); None without one.
        """
        if attempt > self._most:
            return None
        wanted = read_retry_after(retry_after) or 0.0
        if wanted > _MOST_WANTED_SECONDS:
            return None
        longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempt - 1, 16))
        return wanted + longest * self._draw()


class Persistence:
    """Sends requests again as long as this may help.

    An address where nothing has ever answered is probably wrong, and is asked once.

    Args:
        retries: The pauses.
    """

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._has_answered = False

    async def persist(self, attempt: Callable[[], Awaitable[_Result]], deadline: float) -> _Result:
        """Return what an attempt returns.

        Args:
            attempt: Sends a request and reads the answer.
            deadline: When no further attempt begins, in seconds of the event loop's clock. It does
                not end an attempt.

        Raises:
            PermanentError: The attempt's.
            TransientError: The last attempt's.
        """
        clock = asyncio.get_running_loop().time
        for number in count(1):
            try:
                result = await attempt()
            except UnansweredError:
                self._has_answered = True
                raise
            except LastingError:
                raise
            except TransientError as error:
                pause = self._find_pause(number, error)
                if pause is None or clock() + pause >= deadline:
                    raise
            else:
                self._has_answered = True
                return result
            await asyncio.sleep(pause)
        raise AssertionError  # the loop has no end

    async def try_once(self, attempt: Callable[[], Awaitable[_Result]]) -> _Result | None:
        """Return what an attempt returns that is not repeated; None if it fails for now.

        Args:
            attempt: Sends a request and reads the answer.

        Raises:
            PermanentError: The attempt's.
            TransientError: The attempt's, if nothing has ever answered.
        """
        try:
            result = await attempt()
        except BusyError:
            result = None
        except LastingError:
            return None
        except TransientError:
            if not self._has_answered:
                raise
            return None
        self._has_answered = True
        return result

    def _find_pause(self, number: int, error: TransientError) -> float | None:
        if isinstance(error, BusyError):
            self._has_answered = True
            return self._retries.find_pause(number, error.retry_after)
        return self._retries.find_pause(number, None) if self._has_answered else None


def read_retry_after(text: str | None) -> float | None:
    """Return how many seconds a `Retry-After` asks for; None if it is none or unreadable."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        now = datetime.now(UTC if when.tzinfo else None)
        return max(0.0, (when - now).total_seconds())
    except MALFORMED:
        return None
