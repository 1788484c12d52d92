"""The HTTP connection below the application: what uvicorn leaves open to a slow or odd client."""

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD_SECONDS = 10.0
_HEAD_BYTES = 64 * 1024


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit on the time and the size of a request's head.

    uvicorn waits for ever for the first request of a connection and for the end of a head, and
    keeps as many header bytes as it is sent. It also words its own refusal as plain text.
    """

    _timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Start the clock for the next request of a connection that is kept alive."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Stop the clock: from here on the application limits the body."""
        self._stop_clock()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and give up a head without end."""
        super().data_received(data)
        if self._timer is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > _HEAD_BYTES:
            self._stop_clock()
            self.send_400_response(f"The request's head is larger than {_HEAD_BYTES:,} bytes.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the same form as every other refusal."""
        body = orjson.dumps({"error": msg})
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()

    def _await_head(self) -> None:
        self._stop_clock()
        self._head_bytes = 0
        self._timer = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> Any:
        if not self.transport.is_closing():
            self.transport.close()
