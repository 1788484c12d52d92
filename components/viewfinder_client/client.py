"""The client for programs without an event loop."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from viewfinder_client.answers import Prediction, Unanswered
from viewfinder_client.failure_streak import FailureStreak, Outcome
from viewfinder_client.loop_thread import LoopThread
from viewfinder_client.options import Options, ProtocolName, Shrink
from viewfinder_client.photo_classifier import PhotoClassifier
from viewfinder_client.photo_source import Item, Photo, PhotoSource, list_items, make_item


class Client:
    """`AsyncClient` for programs without an event loop; any number of threads may share it.

    Use it with `with`, or call `close`.

    Args:
        endpoint: As for `AsyncClient`.
        model: As for `AsyncClient`.
        protocol: As for `AsyncClient`.
        shrink: As for `AsyncClient`.
        concurrency: As for `AsyncClient`.
        seconds: As for `AsyncClient`.
        retries: As for `AsyncClient`.
        token: As for `AsyncClient`.
        ca_file: As for `AsyncClient`.

    Raises:
        UsageError: As for `AsyncClient`.
        PermanentError: As for `AsyncClient`.
    """

    def __init__(  # noqa: PLR0913  (the settings, by their names)
        self,
        endpoint: str,
        *,
        model: str | None = None,
        protocol: ProtocolName = "v1",
        shrink: Shrink = "auto",
        concurrency: int = 8,
        seconds: float = 60.0,
        retries: int = 8,
        token: str | None = None,
        ca_file: str | None = None,
    ) -> None:
        options = Options(protocol, shrink, concurrency, seconds, retries, token, ca_file)
        self._photos = PhotoClassifier(endpoint, model, options)
        self._thread = LoopThread("viewfinder-client")

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what other threads wait for, and close all connections."""
        self.close()

    def close(self) -> None:
        """End what other threads wait for, and close all connections; closing twice is allowed."""
        self._thread.close(self._photos.close)

    def stop(self) -> None:
        """End what other threads wait for, with a `CancelledError`; nothing more is sent."""
        self._thread.end_work()

    def classify(self, photo: Photo) -> Prediction:
        """Classify one photo; see `AsyncClient.classify`."""
        self._photos.need_open()
        return self._thread.run(self._photos.classify(make_item(photo)))

    def classify_many(self, photos: PhotoSource) -> Iterator[Prediction | Unanswered]:
        """Classify photos; see `AsyncClient.classify_many`.

        An iterable is read in the thread that reads the results, and may take its time. Photos are
        sent ahead of the results that are read, up to four times `concurrency`.
        """
        self.open()
        streak = FailureStreak(self._photos.concurrency)
        waiting: deque[Future[Outcome]] = deque()
        failures: list[Exception] = []
        try:
            for item in _take(list_items(photos), failures):
                waiting.append(self._thread.start(self._photos.find_outcome(item)))
                while waiting and (waiting[0].done() or len(waiting) >= self._photos.ahead):
                    yield streak.pass_on(waiting.popleft().result())
            while waiting:
                yield streak.pass_on(waiting.popleft().result())
            for failure in failures:
                raise failure
        finally:
            for future in waiting:
                future.cancel()

    def open(self) -> None:
        """Ask the server for the model; see `AsyncClient.open`."""
        self._photos.need_open()
        self._thread.run(self._photos.open())


def _take(items: Iterator[Item], failures: list[Exception]) -> Iterator[Item]:
    """Yield photos until their source fails, whose error is for after their results."""
    try:
        yield from items
    except Exception as error:
        failures.append(error)
