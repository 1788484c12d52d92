"""Retry what failed only because the target did not answer."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from viewfinder_components.errors import TransientError

_log = logging.getLogger(__name__)
_RETRY_SECONDS = 2.0
T = TypeVar("T")


def retried(work: Callable[[], T], deadline: float) -> T:
    """Repeat the work as long as the target does not answer and there is time.

    Args:
        work: What to do.
        deadline: On the monotonic clock, in seconds.

    Raises:
        TransientError: Time ran out.
    """
    while True:
        try:
            return work()
        except TransientError as error:
            if time.monotonic() >= deadline:
                raise
            _log.info("deploy: %s; trying again", error)
            time.sleep(_RETRY_SECONDS)
