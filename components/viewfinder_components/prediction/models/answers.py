"""What becomes of each file, and the work on many of them at once, in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.folder import CLOSED_FOLDER, CLOSED_LINK
from viewfinder_components.photos.judgement import is_other_file
from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.table import NO_URI
from viewfinder_components.prediction.result import IGNORED, OK, UNREADABLE

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Answer(NamedTuple):
    """What became of one file."""

    uri: str
    status: str
    """One of `result.STATUSES`."""
    reason: str = ""
    """Why it was not classified, in a sentence."""
    row: NDArray[np.float32] | None = None
    """The probabilities of the classes, float32 `[classes]`; None if it was not classified."""


class PhotoModel(Protocol):
    """What classifies photos: a version in this process, or a served model."""

    labels: tuple[str, ...]
    """The classes, in the order of the probabilities."""
    version: str
    """The version's name, such as `fruit/3`."""
    identity: dict[str, Any]
    """What distinguishes it from other models, JSON-ready."""

    def classify(self, candidates: Iterator[Candidate]) -> Generator[Answer, None, None]:
        """Yield the answer about each file, in order; closing the generator ends the work.

        Args:
            candidates: The files; only a bounded number is taken ahead of the answers.

        Raises:
            PermanentError: No photo can be classified.
            TransientError: The same, but a retry may succeed.
        """

    def confirm(self) -> None:
        """Check that the recent answers are those of `version`.

        Raises:
            PermanentError: Another version is served meanwhile.
            TransientError: The server does not answer.
        """


def classified(uri: str, row: NDArray[np.float32]) -> Answer:
    """Return the answer for a photo that was classified."""
    if not np.isfinite(row).all():
        return Answer(uri, UNREADABLE, "the model returned a probability that is not a number")
    return Answer(uri, OK, row=row)


def refused(uri: str, error: PhotoError) -> Answer:
    """Return the answer for a file that is not a usable photo."""
    return Answer(uri, IGNORED if is_other_file(uri, error.kind) else UNREADABLE, error.sentence)


def left_out(candidate: Candidate) -> Answer | None:
    """Return the answer for something that is not read; None for a file that is.

    What is behind a closed folder may be photos, as may what a table lacks the uri of, so they do
    not count as ignored.
    """
    if candidate.flaw is None:
        return None
    is_photo = candidate.flaw in (CLOSED_FOLDER, CLOSED_LINK, NO_URI)
    return Answer(candidate.uri, UNREADABLE if is_photo else IGNORED, candidate.flaw.sentence)


def map_in_order(
    work: Callable[[_Item], _Result],
    items: Iterator[_Item],
    threads: int,
    ahead: int,
    stop: Callable[[], None] | None = None,
) -> Generator[_Result, None, None]:
    """Yield `work(item)` for each item, in order.

    Args:
        work: Called in threads.
        items: Taken as they are needed.
        threads: How many work at once.
        ahead: How many items may be in progress, or waiting to be yielded.
        stop: Called when no more results are wanted, so that the work can end early.
    """
    pool = ThreadPoolExecutor(threads, "predict")
    running: deque[Future[_Result]] = deque()
    try:
        for item in items:
            # With the context of whoever asks: messages name options as the command line does.
            running.append(pool.submit(copy_context().run, work, item))
            if len(running) >= ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        if stop is not None:
            stop()
        pool.shutdown(cancel_futures=True)
