"""Read the page of a server that is asked again and again, in a bounded time and size."""

import time
from types import TracebackType
from typing import Self

import httpx

from viewfinder_client.connection import explained, find_way
from viewfinder_client.http_client import open_http

_SECONDS = 5.0
_MOST_BYTES = 16 << 20  # of 1,000 classes, a predictor's page has 0.1 MB
_SUCCESS = 200


class NotReadable(Exception):  # noqa: N818  (the caller knows what it expected, and makes the error)
    """An answer that is no page."""


class NotNow(Exception):  # noqa: N818  (no error: it is shown, and the page is read again)
    """The server says that it may answer later."""


class Pages:
    """Reads pages of one server; threads may share it.

    Args:
        url: The server's.
    """

    def __init__(self, url: str) -> None:
        self._proxy, asked, certificates = find_way(url)
        self._http = open_http(httpx.Client, _SECONDS, asked, certificates)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def read(self, url: str, query: dict[str, str] | None = None, token: str | None = None) -> str:
        """Return the page at a URL.

        Args:
            url: Where to read.
            query: What to ask, as a form; None to get the page.
            token: A bearer token to send; None for none.

        Raises:
            NotReadable: The answer is another one, too large, or no text.
            NotNow: The server says that it may answer later.
            PermanentError: The server cannot be spoken to: no TLS that can be used.
            TransientError: There is no answer.
        """
        method = "GET" if query is None else "POST"
        headers = {"Accept-Encoding": "identity"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        ends = time.monotonic() + _SECONDS
        whole = bytearray()
        with (
            explained(url, self._proxy, _SECONDS),
            self._http.stream(method, url, data=query, headers=headers) as answer,
        ):
            for part in answer.iter_raw():
                whole += part
                if len(whole) > _MOST_BYTES:
                    raise NotReadable(f"an answer of more than {_MOST_BYTES >> 20} MiB")
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("", request=answer.request)
        return _read_text(answer.status_code, bytes(whole))


def _read_text(status: int, body: bytes) -> str:
    if status in (httpx.codes.TOO_MANY_REQUESTS, *range(500, 600)):
        raise NotNow(f"HTTP {status}")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise NotReadable("an answer that is no text") from error
    if status != _SUCCESS:
        raise NotReadable(f"HTTP {status}")
    return text
