"""Retry requests to a store that does not answer."""

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from viewfinder_components.storage.objects import ObjectError

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")

PATIENCE_SECONDS = 75.0
"""How long a store may be unavailable: longer than a restart of its pod takes."""
_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 8.0
_BREAKS = 4  # interrupted or altered transfers allowed: the store is up, this object fails


def retried(call: Callable[_P, _T]) -> Callable[_P, _T]:
    """Retry a call that raises a temporary `ObjectError`, with growing pauses.

    The pauses double and have a random part, so that many clients do not come back at
    the same moment (https://cloud.google.com/storage/docs/retry-strategy).
    """

    @functools.wraps(call)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        started, longest, breaks = time.monotonic(), _FIRST_SECONDS, 0
        while True:
            try:
                return call(*args, **kwargs)
            except ObjectError as error:
                breaks += error.kind in ("broken_off", "damaged")
                patience = started + PATIENCE_SECONDS - time.monotonic()
                if not error.passing or patience <= 0 or breaks == _BREAKS:
                    raise
                if _LONGEST_SECONDS / 2 <= longest < _LONGEST_SECONDS:  # once per call
                    _log.warning("still trying: %s", error.detail)
            pause = random.uniform(longest / 2, longest)  # noqa: S311  (no secret)
            time.sleep(min(pause, max(patience, 0)))
            longest = min(2 * longest, _LONGEST_SECONDS)

    return wrapped
