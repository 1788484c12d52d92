"""Connections to a server: each carries one request at a time, and is kept for the next one."""

import asyncio
from contextlib import suppress
from typing import cast

import httptools

_BUSY = (429, 503)  # what servers answer when they refuse because of load


class EndedError(Exception):
    """The connection ended before the answer did.

    Attributes:
        stale: Whether it had been used before and nothing of the answer had come: the server closed
            an idle connection, and a client asks again on a new one.
    """

    def __init__(self, stale: bool) -> None:
        super().__init__()
        self.stale = stale


class Connection(asyncio.Protocol):
    """A connection; `ask` sends a request and returns the status of the answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None
        self._used = False
        self._begun = False

    @property
    def is_open(self) -> bool:
        """Whether it can carry another request."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> int:
        """Send a request and return the answer's status.

        Raises:
            EndedError: The connection ended first.
        """
        assert self._transport is not None  # noqa: S101  (a pool hands out open connections)
        self._answer = asyncio.get_running_loop().create_future()
        self._begun = False
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None
            self._used = True

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be told of the connection, by asyncio."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer, from asyncio."""
        self._begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_message_complete(self) -> None:
        """Be told that the answer is complete, by the parser."""
        status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        self._parser = httptools.HttpResponseParser(self)
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        """Be told of the end, by asyncio."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(EndedError(self._used and not self._begun))


class Pool:
    """Connections to one server: an idle one if there is one, or else a new one."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[Connection] = []

    async def ask(self, request: bytes) -> int:
        """Send a request over a connection and return the answer's status.

        Raises:
            EndedError: The connection ended first.
            OSError: There is no connection to be had.
        """
        while True:
            connection = await self._take()
            try:
                status = await connection.ask(request)
            except EndedError as error:
                if error.stale:
                    continue
                raise
            except asyncio.CancelledError:  # the answer took too long
                connection.close()
                raise
            if connection.is_open:
                self._idle.append(connection)
            return status

    async def _take(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(Connection, self._host, self._port)
        return made

    def close(self) -> None:
        """Close all idle connections."""
        for connection in self._idle:
            with suppress(OSError):
                connection.close()
        self._idle.clear()


def is_refusal(status: int) -> bool:
    """Return whether a status says that the server is too busy."""
    return status in _BUSY
