"""An HTTP client with bounded answers, whose requests another thread can end."""

import asyncio
import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Self, TypeVar

import httpx

from viewfinder_client.answer_body import ACCEPTED, AnswerTooLargeError, decompress
from viewfinder_client.loop_thread import LoopThread
from viewfinder_client.photo_body import Body
from viewfinder_client.trace_headers import make_trace_headers
from viewfinder_components.bearer_token import OWN_HEADER, find_own_token

MAX_ANSWER_BYTES = 16 << 20
"""A label and its probability take about 60 bytes as JSON, so the 21,841 classes of ImageNet-21k
(Ridnik et al., 2021) take 1.3 MB; labels may be longer."""
LONGEST_SECONDS = 300.0
"""For sending a request and reading the answer: Knative ends a request after this time unless it is
configured otherwise (`revision-timeout-seconds`)."""
_CONNECT_SECONDS = 10.0  # Linux tries after 0, 1, 3 and 7 s
VERSION_HEADER = "viewfinder-model-version"
"""With this header, Viewfinder's predictor says which version made an answer."""
# The others are about how the body was sent, or name a character set: of JSON it is always UTF-8,
# and Python's codecs have names that are none.
_KEPT_HEADERS = (b"location", b"retry-after", VERSION_HEADER.encode())

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


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
        self._client = open_http(httpx.AsyncClient, timeout, proxy, certificates)
        self._thread = LoopThread("http")

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the requests and close all connections."""
        self._thread.close(self._client.aclose)

    def request(self, method: str, url: str, body: Body | None = None) -> httpx.Response:
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
        return self._thread.run(self._fetch(method, url, body))

    def end_requests(self) -> None:
        """End the requests that other threads wait for, and refuse further ones."""
        self._thread.end_work()

    async def _fetch(self, method: str, url: str, body: Body | None) -> httpx.Response:
        return await exchange(self._client, method, url, body)


def _make_token_header(url: str, token: str | None) -> dict[str, str]:
    """Return the header with our token, if there is one.

    httpx makes the other header of the user and the password in a URL, which an ingress may ask
    for.
    """
    token = token or find_own_token()
    if token is None:
        return {}
    return {OWN_HEADER if httpx.URL(url).userinfo else "authorization": f"Bearer {token}"}


def open_http(
    kind: type[_Client],
    timeout: float,
    proxy: httpx.Proxy | None,
    certificates: ssl.SSLContext | None,
) -> _Client:
    """Return httpx's client for requests to a server.

    Args:
        kind: With an event loop or without one.
        timeout: As for `HttpClient`.
        proxy: As for `HttpClient`.
        certificates: As for `HttpClient`.
    """
    return kind(
        timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
        proxy=proxy,
        verify=certificates or True,
        headers={"Accept-Encoding": ACCEPTED},
        # A server's cookies would tie all requests to one of its pods, and pile up.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        limits=httpx.Limits(),  # whoever uses it limits how many requests run at a time
        trust_env=False,  # whoever creates it has read the variables, and says what is wrong
    )


async def exchange(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    body: Body | None,
    token: str | None = None,
) -> httpx.Response:
    """Send a request, and return the whole answer.

    Args:
        client: What sends it.
        method: Such as `POST`.
        url: Where to.
        body: What to send; None for nothing.
        token: A bearer token; None for that of the environment.

    Raises:
        httpx.HTTPError, httpx.InvalidURL, TimeoutError, AnswerTooLargeError, CompressionError,
            UsageError: As from `HttpClient.request`.
    """
    headers = _make_token_header(url, token) | make_trace_headers() | (body.headers if body else {})
    content = body.pieces() if body else None
    async with (
        asyncio.timeout(LONGEST_SECONDS),
        client.stream(method, url, content=content, headers=headers) as answer,
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
