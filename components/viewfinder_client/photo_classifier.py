"""Classifies photos in one event loop, for both clients."""

import asyncio

from viewfinder_client.answers import Prediction, Unanswered
from viewfinder_client.asker import Asker
from viewfinder_client.errors import UnansweredError
from viewfinder_client.failure_streak import Outcome
from viewfinder_client.open_protocol import open_protocol
from viewfinder_client.options import Options
from viewfinder_client.photo_source import Item
from viewfinder_client.protocol import Reply
from viewfinder_components.errors import TransientError, UsageError

_AHEAD = 4  # results that wait for an earlier one, for each request that may run at a time


class PhotoClassifier:
    """Reads photos, and asks a model about them; a limited number at a time.

    Args:
        endpoint: As for `AsyncClient`.
        model: As for `AsyncClient`.
        options: Its other arguments.

    Raises:
        UsageError: As for `AsyncClient`.
        PermanentError: As for `AsyncClient`.
    """

    def __init__(self, endpoint: str, model: str | None, options: Options) -> None:
        self._asker = Asker(open_protocol(endpoint, model, options), options)
        self._places = asyncio.Semaphore(options.concurrency)
        self._is_closed = False
        self.concurrency = options.concurrency
        self.ahead = _AHEAD * options.concurrency
        """How many photos may be in progress, or wait for an earlier one."""

    async def close(self) -> None:
        """Close all connections."""
        self._is_closed = True
        await self._asker.close()

    def need_open(self) -> None:
        """Refuse to be used after `close`.

        Raises:
            UsageError: It was closed.
        """
        if self._is_closed:
            raise UsageError("a client that is open", "one that was closed", "create another one")

    async def open(self) -> None:
        """Find the model; see `AsyncClient.open`."""
        self.need_open()
        await self._asker.open()

    async def classify(self, item: Item) -> Prediction:
        """Classify a photo; see `AsyncClient.classify`."""
        async with self._places:
            await self.open()
            content = await asyncio.to_thread(item.read)
            return _make_prediction(item.name, await self._asker.ask(content))

    async def find_outcome(self, item: Item) -> Outcome:
        """Return what comes of a photo.

        Raises:
            PermanentError: The server would refuse every photo.
        """
        try:
            return Outcome(await self.classify(item))
        except UnansweredError as error:
            return Outcome(Unanswered(item.name, error.reason))
        except TransientError as error:
            return Outcome(Unanswered(item.name, str(error), is_transient=True), error)


def _make_prediction(name: str, reply: Reply) -> Prediction:
    label, labels, probabilities = reply.classification
    ranked = sorted(zip(labels, probabilities, strict=True), key=lambda pair: -pair[1])
    return Prediction(name, label, dict(ranked), reply.version)
