"""Ask about photos: shrink them where the answer stays the same, and ask again where that helps."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from viewfinder_client.options import Options
from viewfinder_client.protocol import Description, ModelInput, PredictionProtocol, Reply
from viewfinder_client.retrying import Persistence, Retries
from viewfinder_client.shrinking import can_shrink, shrink
from viewfinder_client.v1_failures import NoAnswerInTimeError

_DESCRIBING_SECONDS = 10.0  # a server under load needs seconds, too

_Result = TypeVar("_Result")


class Asker:
    """Asks a model about photos, any number at a time, in one event loop.

    Args:
        protocol: What asks.
        options: How often, and how long.
    """

    def __init__(self, protocol: PredictionProtocol, options: Options) -> None:
        self._protocol = protocol
        self._options = options
        self._persistence = Persistence(Retries(options.retries))
        self._opening = asyncio.Lock()
        self._is_open = False
        self._input: ModelInput | None = None
        self._versions: set[str] = set()
        """Those that see photos as `_input` says."""

    async def open(self) -> None:
        """Find the model, and what it makes of photos; once.

        Raises:
            PermanentError: There is no such model, or no predictor.
            TransientError: The server does not answer.
        """
        if not self._is_open:
            await self._within(self._open)

    async def ask(self, photo: bytes) -> Reply:
        """Classify a photo, after `open`.

        Args:
            photo: The file's contents.

        Raises:
            UnansweredError: The server refuses the photo.
            PermanentError: It would refuse every photo, or is not a predictor.
            TransientError: There is no answer in time, or the server stays busy.
        """
        return await self._within(partial(self._ask, photo))

    async def close(self) -> None:
        """Close all connections."""
        await self._protocol.close()

    async def _within(self, work: Callable[[float], Awaitable[_Result]]) -> _Result:
        """Do something that gets a deadline, and end it then."""
        seconds = self._options.seconds
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(deadline):
                return await work(deadline)
        except TimeoutError as error:
            raise NoAnswerInTimeError(
                f"an answer from {self._protocol.place}",
                f"no answer within {seconds:g} s",
                "try again, or allow more seconds",
            ) from error

    async def _open(self, deadline: float) -> None:
        async with self._opening:
            if not self._is_open:
                await self._find(deadline)
                self._is_open = True

    async def _find(self, deadline: float) -> None:
        if self._protocol.needs_model:
            await self._persistence.persist(self._protocol.find_model, deadline)
        if self._options.shrink is False:
            return
        described = await self._describe(deadline)
        if described.version and can_shrink(described.input):
            self._input, self._versions = described.input, {described.version}

    async def _describe(self, deadline: float) -> Description:
        """Return what the server says about the model; nothing if it does not answer soon.

        It is asked once and not for long, because photos can be sent without a description: there
        are gateways that pass nothing on but predictions.
        """
        left = deadline - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(_DESCRIBING_SECONDS, left / 2)):
                said = await self._persistence.try_once(self._protocol.describe)
        except TimeoutError:
            said = None
        return said or Description()

    async def _ask(self, photo: bytes, deadline: float) -> Reply:
        seen = self._input
        sent = photo if seen is None else await asyncio.to_thread(shrink, photo, seen.image_size)
        reply = await self._send(sent, deadline)
        if sent is photo or await self._sees_the_same(reply.version, deadline):
            return reply
        # Another version, for which the photo was perhaps made too small.
        return await self._send(photo, deadline)

    async def _send(self, photo: bytes, deadline: float) -> Reply:
        return await self._persistence.persist(partial(self._protocol.ask, photo), deadline)

    async def _sees_the_same(self, version: str, deadline: float) -> bool:
        """Return whether a version sees photos like the first one; if not, no more are shrunk.

        While a new version is rolled out, the answer may be one version's and the description the
        other's: then it is not known, either.
        """
        if version not in self._versions:
            described = await self._describe(deadline)
            if described.version != version or described.input != self._input:
                self._input = None
                return False
            self._versions.add(version)
        return True
