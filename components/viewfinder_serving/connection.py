"""The HTTP connection below the application: limits uvicorn lacks for slow or odd clients."""

import asyncio
import re
from typing import Any, cast

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

_HEAD_SECONDS = 10.0
_HEAD_BYTES = 64 * 1024
# After a stall of the whole process its timers expire before it has read the pending data.
_STALL_SECONDS = 0.1
_VERSIONS = ("1.0", "1.1")
_START_LINE = re.compile(rb"[A-Z-]+ [^ ]+ HTTP/1\.[01]\r?")
_CHUNK_LINE_BYTES = 256
_HEAD_TOO_LARGE = (
    f"expected a request's head of at most {_HEAD_BYTES:,} bytes, received more; "
    "send fewer or shorter headers"
)
_BARREN = (
    f"expected at most {_HEAD_BYTES:,} bytes of chunk extensions or trailers, received more; "
    "send the body without them"
)
_NOT_HTTP = (
    "expected a request in HTTP/1.1 or HTTP/1.0, received something else; "
    "see RFC 9112, or check the client's port"
)

BODY_BYTES = "viewfinder.body_bytes"
"""In the scope of a chunked request: the minimum size of its body."""

ON_GONE = "viewfinder.on_gone"
"""In the scope, by the application: what to call if the connection ends before the answer."""


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits, and an immediate answer where it would wait.

    uvicorn waits forever for the first request of a connection and for the end of a head, keeps as
    many bytes of headers and trailers as are sent, and takes trailers for headers. It waits for the
    headers that HTTP/0.9 does not have and for the petabytes that a chunk announces, and loses the
    body of a request that offers to switch to another protocol. Its own refusals are plain text.
    """

    _timer: asyncio.TimerHandle | None = None
    _running: RequestResponseCycle | None = None
    _refused = False
    _in_message = False
    _switching = False
    _head_bytes = 0
    # The part of a head received so far; None if it started within other data.
    _head: bytes | None = b""
    # The end of the previous data, for the size of a chunk that started there.
    _before = b""
    # Bytes of the open chunk; None outside of chunks.
    _chunk_bytes: int | None = None
    _body_bytes = 0
    # Whether the current data has a part of a body.
    _has_body = False
    # Bytes since the last one of a body: of a chunk's extension, or of trailers.
    _barren_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, and the work on a request whose client has gone."""
        self._stop_clock()
        super().connection_lost(exc)
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
            scope = cast(dict[str, Any], self._running.scope)
            if on_gone := scope.get(ON_GONE):
                on_gone()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # uvicorn only remembers the last request that arrived, which may wait behind this one.
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        """Start the clock for the next request of a connection that is kept alive."""
        super().on_message_begin()
        self._in_message = True
        self._body_bytes, self._chunk_bytes = 0, None
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, but no trailer, which would pass for a header that a proxy has checked."""
        if self._timer is not None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop the clock: from here on the application limits the body."""
        self._stop_clock()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > _HEAD_BYTES:  # it arrived in one piece
            raise ValueError(_HEAD_TOO_LARGE)  # the parser turns it into its own error
        version, method = self.parser.get_http_version(), self.parser.get_method()
        if version not in _VERSIONS or method == b"CONNECT":
            raise ValueError(_NOT_HTTP)
        self._switching = self.parser.should_upgrade()
        if not self._switching:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Record the end of the body, unless it is still to be parsed."""
        if not self._switching:
            self._in_message = False
            super().on_message_complete()
            if len(self.pipeline) <= 1:
                # uvicorn stops reading while much of a body or a further request waits, and would
                # not see the client go. Of a client that sends requests ahead of the answers, it
                # holds two and what arrives with the third.
                self.flow.resume_reading()

    def on_chunk_header(self) -> None:
        """A chunk's size was received."""
        self._chunk_bytes = 0

    def on_chunk_complete(self) -> None:
        """A chunk was received completely."""
        self._chunk_bytes = None

    def on_body(self, body: bytes) -> None:
        """Count what was received."""
        self._has_body = True
        self._body_bytes += len(body)
        if self._chunk_bytes is not None:
            self._chunk_bytes += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and reject what cannot become a request."""
        if self._refused:
            return
        self._note_head(data)
        self._has_body = False
        self._unset_keepalive_if_required()
        try:
            self._need_start_line()
            self._feed(data)
        except httptools.HttpParserError as error:
            reason = str(error.__context__)
            self.send_400_response(reason if reason == _HEAD_TOO_LARGE else _NOT_HTTP)
            return
        if self._timer is not None:
            self._limit_head(data)
        elif self._chunk_bytes is not None:
            self._read_chunk_size(data)
        self._limit_barren(data)
        self._before = data[-_CHUNK_LINE_BYTES:]

    def _note_head(self, data: bytes) -> None:
        if not self._in_message:
            self._head = data
        elif self._timer is None:
            self._head = None
        elif self._head is not None:
            self._head += data

    def _need_start_line(self) -> None:
        """Reject what the parser would accept: HTTP/0.9, RTSP, misplaced blanks."""
        if self._head is not None:
            line, ended, _ = self._head.lstrip(b"\r\n").partition(b"\n")
            if ended and not _START_LINE.fullmatch(line):
                raise httptools.HttpParserError(_NOT_HTTP)

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                # HTTP/1.1 lets a server ignore such an offer (RFC 9110, 7.8), and Java's client
                # makes one with every first request. The parser treats it as the end of HTTP.
                data = self._without_offer() + data[offer.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
            else:
                return

    def _without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        head = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        head += [b"%b: %b" % pair for pair in self.headers if pair[0] != b"upgrade"]
        return b"\r\n".join([*head, b"", b""])

    def _limit_head(self, data: bytes) -> None:
        self._head_bytes += len(data)
        # HTTP/0.9 behind another request, in the same data: a start line consisting only of this.
        line = data.rstrip(b"\r\n").rpartition(b"\n")[2]
        bare = b"%b %b" % (self.parser.get_method(), self.url) if self.url else b""
        if self._head_bytes > _HEAD_BYTES:
            self.send_400_response(_HEAD_TOO_LARGE)
        elif data.endswith(b"\n") and line == bare:
            self.send_400_response(_NOT_HTTP)

    def _limit_barren(self, data: bytes) -> None:
        if self._has_body or self._timer is not None or not self._in_message:
            self._barren_bytes = 0
            return
        self._barren_bytes += len(data)
        if self._barren_bytes > _HEAD_BYTES and not self._refused:
            self.send_400_response(_BARREN)

    def _read_chunk_size(self, data: bytes) -> None:
        """Pass on the declared size of the open chunk to the application; the parser does not.

        The received part of the chunk ends `data`; its size is right before that.
        """
        received = self._before + data
        if self._chunk_bytes is None or self._chunk_bytes >= len(data):
            return  # it was in earlier data
        end = len(received) - self._chunk_bytes
        line = received[:end].rstrip(b"\r\n").rpartition(b"\n")[2]
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:  # it started before the data that is kept
            return
        to_come = size - self._chunk_bytes
        cast(dict[str, Any], self.cycle.scope)[BODY_BYTES] = self._body_bytes + to_come
        self.cycle.message_event.set()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the same form as all other refusals."""
        self._stop_clock()
        self._refused = True
        if (earlier := self._find_last_unanswered()) is not None:
            # This must not be mistaken for its answer.
            earlier.keep_alive = False
            return
        body = orjson.dumps({"error": msg})
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        )
        self.transport.write(head + body)
        self.transport.close()

    def _find_last_unanswered(self) -> RequestResponseCycle | None:
        """Return the last request that has arrived completely and is not answered yet."""
        waiting = [cycle for cycle, _ in reversed(self.pipeline)]
        cycles = waiting if self._running is None else [self._running, *waiting]
        whole = [one for one in cycles if not (one.more_body or one.response_complete)]
        return whole[-1] if whole else None

    def _await_head(self) -> None:
        self._stop_clock()
        self._head_bytes = 0
        self._timer = self.loop.call_later(_HEAD_SECONDS, self._look_again)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_again(self) -> None:
        self._timer = self.loop.call_later(_STALL_SECONDS, self._give_up)

    def _give_up(self) -> Any:
        if not self.transport.is_closing():
            self.transport.close()
