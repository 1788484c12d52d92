"""An HTTP client with bounded answers, whose requests another thread can end.

A thread that waits for a socket cannot be interrupted, but an asyncio task can be cancelled at any
moment. So the requests are tasks in a thread of the client's own, and the callers wait for them.
"""

import asyncio
import ssl
import sys
import threading
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Self

import httpx

from viewfinder_client.answer_body import ACCEPTED, AnswerTooLargeError, decompress
from viewfinder_client.photo_body import PhotoBody
from viewfinder_components.bearer_token import OWN_HEADER, find_own_token

MAX_ANSWER_BYTES = 16 << 20
"""A label and its probability take about 60 bytes as JSON, so the 21,841 classes of ImageNet-21k
(Ridnik et al., 2021) take 1.3 MB; labels may be longer."""
LONGEST_SECONDS = 300.0
"""For sending a request and reading the answer: Knative ends a request after this time unless it is
configured otherwise (`revision-timeout-seconds`)."""
_CONNECT_SECONDS = 10.0  # Linux tries after 0, 1, 3 and 7 s
_QUIET_TURNS = 3  # of the event loop; a task to come starts one turn later at most
VERSION_HEADER = "viewfinder-model-version"
"""With this header, Viewfinder's predictor says which version made an answer."""
# The others are about how the body was sent, or name a character set: of JSON it is always UTF-8,
# and Python's codecs have names that are none.
_KEPT_HEADERS = (b"location", VERSION_HEADER.encode())


class HttpClient:
    """Sends requests for any number of threads.

    Args:
        timeout: Seconds to wait for the next bytes of an answer.
        proxy: The proxy that all requests use; None for no proxy.
        certificates: What HTTPS trusts; None for httpx's default.
    """

    def __init__(
        self,
        timeout: float,
        proxy: httpx.Proxy | None = None,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
            proxy=proxy,
            verify=certificates or True,
            headers={"Accept-Encoding": ACCEPTED},
            trust_env=False,  # whoever creates it has read the variables, and says what is wrong
        )
        self._lock = threading.Lock()
        self._is_ended = False
        self._running: set[Future[httpx.Response]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the requests and close all connections.

        When Python ends, or after a fork, the thread does not run any more, and waiting for it
        would never end. This happens to a generator that nobody read to its end.
        """
        if sys.is_finalizing() or not self._thread.is_alive():
            return
        self.end_requests()
        asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def request(self, method: str, url: str, body: PhotoBody | None = None) -> httpx.Response:
        """Send a request, and wait for the whole answer.

        Args:
            method: Such as `POST`.
            url: Where to.
            body: What to send; None for nothing.

        Raises:
            httpx.HTTPError: There is no answer, or no complete one.
            httpx.InvalidURL: The URL is malformed.
            TimeoutError: The answer is not complete after `LONGEST_SECONDS`.
            AnswerTooLargeError: It has more than `MAX_ANSWER_BYTES`.
            CompressionError: It cannot be decompressed.
            CancelledError: Another thread ended the requests.
            UsageError: An environment variable gives something that is no token.
        """
        with self._lock:
            if self._is_ended:
                raise CancelledError
            work = self._fetch(method, url, body)
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._running.add(future)
        try:
            return future.result()
        finally:
            future.cancel()  # the caller was interrupted; a finished request stays as it is
            with self._lock:
                self._running.discard(future)

    def end_requests(self) -> None:
        """End the requests that other threads wait for, and refuse further ones."""
        with self._lock:
            self._is_ended = True
            running = list(self._running)
        for future in running:
            future.cancel()

    async def _finish(self) -> None:
        """Close the connections, and wait until nothing runs.

        An answer that is not read to its end leaves generators inside httpx, which asyncio closes
        one after the other: each in a task that it starts in the turn after the one before ended.
        """
        await self._client.aclose()
        quiet_turns = 0
        while quiet_turns < _QUIET_TURNS:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            quiet_turns = 0 if others else quiet_turns + 1
            await asyncio.wait(others) if others else await asyncio.sleep(0)

    async def _fetch(self, method: str, url: str, body: PhotoBody | None) -> httpx.Response:
        headers, content = _make_token_header(url), None
        if body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(body.size)}
            content = body.pieces()
        async with (
            asyncio.timeout(LONGEST_SECONDS),
            self._client.stream(method, url, content=content, headers=headers) as answer,
        ):
            whole = bytearray()
            async for part in answer.aiter_raw():
                whole += part
                if len(whole) > MAX_ANSWER_BYTES:
                    raise AnswerTooLargeError
        encoding = answer.headers.get("content-encoding", "")
        return httpx.Response(
            answer.status_code,
            # As bytes: httpx's own strings cannot always be given back to it.
            headers=[pair for pair in answer.headers.raw if pair[0].lower() in _KEPT_HEADERS],
            content=decompress(bytes(whole), encoding, MAX_ANSWER_BYTES),
            request=answer.request,
        )


def _make_token_header(url: str) -> dict[str, str]:
    """Return the header with our token, if there is one.

    httpx makes the other header of the user and the password in a URL, which an ingress may ask
    for.
    """
    token = find_own_token()
    if token is None:
        return {}
    return {OWN_HEADER if httpx.URL(url).userinfo else "authorization": f"Bearer {token}"}
