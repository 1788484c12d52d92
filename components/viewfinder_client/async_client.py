"""The client for programs with an event loop; `client.py` has the one for all others."""

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing
from types import TracebackType
from typing import Self

from viewfinder_client.answers import Prediction, Unanswered
from viewfinder_client.failure_streak import FailureStreak
from viewfinder_client.options import Options, ProtocolName, Shrink
from viewfinder_client.photo_classifier import PhotoClassifier
from viewfinder_client.photo_feed import PhotoFeed
from viewfinder_client.photo_source import Photo, PhotoSource, make_item


class AsyncClient:
    """Asks a served model about photos, one in each request.

    Use it with `async with`, or call `close`. Any number of tasks of one event loop may share it.

    A request is sent again after HTTP 408, 429, 500, 502, 503 or 504, when a connection is refused
    or breaks, and over gRPC after the codes that mean the same. The pauses grow, are drawn at
    random, and are at least what `Retry-After` asks for. An address that has never answered is not
    asked again.

    Args:
        endpoint: URL of a predictor, or of a model; for gRPC the URL of its port, where https://
            means TLS.
        model: The model's name. None: the server is asked for it; gRPC cannot.
        protocol: `v1`, which most servers of models have; `v2`, whose requests are a quarter
            smaller; or `grpc`.
        shrink: `auto`: photos that are larger than what the model sees are sent as the model sees
            them, if the server says what that is, which leaves the answer as it is. False: photos
            are sent as they are.
        concurrency: How many photos are read and sent at the same time, from 1 to 256.
        seconds: How long an answer about one photo may take, all attempts together, greater than 0.
        retries: How often a request is sent again at most; 0 for never.
        token: A bearer token. None: that of `VIEWFINDER_TOKEN` or `VIEWFINDER_TOKEN_FILE`.
        ca_file: Certificates of the authorities that are trusted, in PEM format. None: those of
            `SSL_CERT_FILE`, or Mozilla's list.

    Raises:
        UsageError: An argument or an environment variable is malformed.
        PermanentError: A package that the protocol needs is not installed.
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

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections."""
        await self.close()

    async def close(self) -> None:
        """Close all connections; the client cannot be used any more."""
        await self._photos.close()

    async def classify(self, photo: Photo) -> Prediction:
        """Classify one photo.

        Args:
            photo: Its path, its URI in a bucket, the file's contents, or a name and the contents.

        Raises:
            ParameterError: It is something else.
            UnansweredError: The photo cannot be read, or the server refuses it.
            PermanentError: The server denies access, does not know the model, or is not a
                predictor.
            TransientError: The server, or the photo's bucket, does not answer or stays busy.
        """
        return await self._photos.classify(make_item(photo))

    async def classify_many(
        self, photos: PhotoSource | AsyncIterable[Photo]
    ) -> AsyncIterator[Prediction | Unanswered]:
        """Classify photos, `concurrency` at a time; one without an answer does not stop the others.

        Memory is bounded: that many photos are held at once, and four times as many names and
        results; of an iterable of contents, four times as many contents.

        Args:
            photos: A folder, which is searched recursively, a bucket's URI, or a table (CSV, TSV
                or parquet) with a column `uri`; or an iterable of what `classify` takes, which
                must not block the event loop unless it is asynchronous.

        Yields:
            The result for each photo, in the photos' order. A photo that cannot be read, that the
            server refuses, or about which it gave no answer in time is an `Unanswered`.

        Raises:
            ParameterError: The photos are something else.
            PermanentError: There is no such folder, or the server would refuse every photo.
            Exception: An iterable's own, after the results for what it had yielded.
            TransientError: The server has never answered, or has failed for more photos in a row
                than are sent at a time.
        """
        await self.open()
        streak = FailureStreak(self._photos.concurrency)
        feed = PhotoFeed(photos, self._photos.find_outcome, self._photos.ahead)
        try:
            async with aclosing(feed.outcomes()) as outcomes:
                async for outcome in outcomes:
                    yield streak.pass_on(outcome)
        finally:
            await feed.close()

    async def open(self) -> None:
        """Ask the server for the model, which the first photo does otherwise.

        Raises:
            PermanentError: The server denies access, does not know the model, has several, or is
                not a predictor.
            TransientError: The server does not answer.
        """
        await self._photos.open()
