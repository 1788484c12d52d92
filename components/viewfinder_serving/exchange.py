"""One HTTP request and its answer, on the ASGI interface."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from viewfinder_components.inflation import NAMES as GZIP
from viewfinder_components.inflation import Inflation, InflationError
from viewfinder_serving.connection import BODY_BYTES, ON_GONE
from viewfinder_serving.refusals import RefusedError, shown
from viewfinder_serving.room import Share
from viewfinder_serving.trace_context import HEADER as TRACE
from viewfinder_serving.trace_context import VALUE as TRACE_VALUE
from viewfinder_serving.uploads import Upload

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# How long to listen to a client after its refusal: in total, and while nothing arrives.
_LINGER_SECONDS = 3.0
_SILENT_SECONDS = 0.5
_MAX_LENGTH_DIGITS = 15

# The log's name for each fact about a caller, its header, and which part of it. A mesh names
# its workloads by URI: spiffe://<domain>/ns/<namespace>/sa/<service account>.
_CALLER = {
    "for": ("x-forwarded-for", re.compile(r"(.+)")),
    "as": ("x-forwarded-client-cert", re.compile(r"URI=spiffe://([^;,]+)")),
    "with": ("user-agent", re.compile(r"(.+)")),
    "trace": (TRACE, TRACE_VALUE),
}


class ClientGoneError(Exception):
    """The client closed the connection before it had sent its whole request."""


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        body: Its bytes.
        status: The HTTP status.
        content_type: What the bytes are.
        headers: Further headers.
        photos: How many photos it answers, for the log.
    """

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    photos: int = 0


def reply_json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return a JSON answer."""
    return Reply(orjson.dumps(value), status, headers=headers or {})


def reply_refusal(refusal: RefusedError) -> Reply:
    """Return the answer for a refusal."""
    return reply_json({"error": str(refusal)}, refusal.status, refusal.headers)


class Exchange:
    """Read a request's body within limits, and send its answer.

    Args:
        scope: ASGI's description of the request.
        receive: ASGI's source of the body.
        send: ASGI's way back.
    """

    def __init__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        self.started = time.monotonic()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: bytes = scope.get("raw_path") or b""
        self.headers: dict[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.address: str = (scope.get("client") or ("unknown",))[0]
        self.scheme: str = scope.get("scheme", "http")
        self.http_version: str = scope.get("http_version", "1.1")
        self.trace_id = ""
        """Of the trace that the server has written, for the log; empty if it has written none."""
        self.coding = self.headers.get("content-encoding", "").strip().lower()
        self._scope = scope
        self._receive = receive
        self._send = send
        chunked = "transfer-encoding" in self.headers
        self._unread = chunked or self.headers.get("content-length", "0") != "0"

    def client(self) -> str:
        """Return the caller, for the log: the address and the headers that identify it.

        A mesh's proxy sets `X-Forwarded-For` and `X-Forwarded-Client-Cert`, and should overwrite
        any that clients set themselves; without a proxy, they are only the client's claim.
        """
        parts = [self.address]
        for word, (name, part) in _CALLER.items():
            if found := part.search(self.headers.get(name, "")):
                parts.append(f"{word} {shown(found[1])}")
        if self.trace_id and not TRACE_VALUE.search(self.headers.get(TRACE, "")):
            parts.append(f"trace {shown(self.trace_id)}")
        return " ".join(parts)

    def need_size(self, limit: int) -> None:
        """Refuse a body that is too large by its declared size, before any of it is read.

        Args:
            limit: Largest body accepted, in bytes.

        Raises:
            RefusedError: Its declared size is larger.
        """
        text = self.headers.get("content-length", "0")
        # The parser below has ensured that these are digits.
        size = int(text) if len(text) <= _MAX_LENGTH_DIGITS else limit + 1
        if size > limit:
            raise _too_large(limit, shown(text))

    async def read_body(self, limit: int, upload: Upload, share: Share) -> bytearray:
        """Return the body, inflated, refusing it as soon as it is too large or too slow.

        Args:
            limit: Largest body accepted, in bytes, both as it is sent and inflated.
            upload: The time that the client has for it.
            share: Room for it.

        Raises:
            RefusedError: It is too large (413), too slow (408) or not gzip though it should be
                (400), or there is no room (503).
            ClientGoneError: The connection ended before the body did.
        """
        body, received = bytearray(), 0
        inflation = Inflation() if self.coding in GZIP else None
        while self._unread:
            try:
                async with upload.limit():
                    part = await self._next_part()
            except TimeoutError as error:
                raise upload.refusal() from error
            upload.arrived()
            received += len(part)
            if max(received, self._scope.get(BODY_BYTES, 0)) > limit:
                raise _too_large(limit, "more")
            arrived = time.monotonic()
            if inflation is None:
                await share.take(len(part))
                body += part
            else:
                await _inflate(inflation, part, body, limit, share)
            upload.advance(len(part), time.monotonic() - arrived, share.held)
        if inflation is not None:
            with _refusing():
                inflation.finish()
        return body

    async def _next_part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._unread = False
            raise ClientGoneError
        self._unread = bool(message.get("more_body", False))
        part: bytes = message.get("body", b"")
        return part

    @contextmanager
    def cancelling(self) -> Iterator[None]:
        """Cancel what the block waits for if the client goes; nobody would receive the answer.

        Raises:
            ClientGoneError: The connection ended before the block did.
        """
        task = asyncio.current_task()
        gone = False

        def cancel() -> None:
            nonlocal gone
            if task is not None:
                gone = task.cancel()

        self._scope[ON_GONE] = cancel
        try:
            yield
        except asyncio.CancelledError as error:
            if not gone or task is None or task.uncancel() > 0:  # the server stops, too
                raise
            raise ClientGoneError from error
        finally:
            del self._scope[ON_GONE]

    async def send(self, reply: Reply) -> None:
        """Send the answer.

        If the body has not been read, what still arrives is discarded for a moment: a
        client that is still writing would otherwise lose the answer with its connection.
        """
        headers = {
            "content-type": reply.content_type,
            "content-length": str(len(reply.body)),
            **reply.headers,
        }
        if self._unread:
            headers["connection"] = "close"
        await self._send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
            }
        )
        await self._send(
            {"type": "http.response.body", "body": reply.body, "more_body": self._unread}
        )
        if self._unread:
            await self._linger()
            await self._send({"type": "http.response.body", "body": b""})

    async def _linger(self) -> None:
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                while self._unread:
                    await asyncio.wait_for(self._next_part(), _SILENT_SECONDS)
        except (TimeoutError, ClientGoneError):
            pass


async def _inflate(
    inflation: Inflation, part: bytes, body: bytearray, limit: int, share: Share
) -> None:
    with _refusing():
        for piece in inflation.feed(part):
            if len(body) + len(piece) > limit:
                raise _too_large(limit, "a compressed one of more")
            await share.take(len(piece))
            body += piece
            await asyncio.sleep(0)  # let others in between


@contextmanager
def _refusing() -> Iterator[None]:
    """Refuse a body that the block cannot inflate."""
    try:
        yield
    except InflationError as error:
        raise RefusedError(error.expected, error.received, error.remedy) from error


def _too_large(limit: int, received: str) -> RefusedError:
    return RefusedError(
        f"a body of at most {limit:,} bytes",
        received,
        "send fewer or smaller photos",
        status=413,
    )
