"""A connection to a server, and why there is no answer, in sentences."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from viewfinder_components.errors import PermanentError, TransientError, UsageError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.local.endpoint import show_url
from viewfinder_pipelines.local.http_client import (
    LONGEST_SECONDS,
    MAX_ANSWER_BYTES,
    AnswerTooLargeError,
    HttpClient,
)
from viewfinder_pipelines.local.photo_body import PhotoBody
from viewfinder_pipelines.local.proxy import Proxy, find_proxy
from viewfinder_pipelines.local.v1_failures import NoAnswerInTimeError, why_unreachable

_TIMEOUT_SECONDS = 60.0


class Connection:
    """Sends requests to a server, directly or through a proxy; threads may share it.

    Args:
        http: What sends them.
        proxy: The proxy that `http` uses.
    """

    def __init__(self, http: HttpClient, proxy: Proxy | None) -> None:
        self._http = http
        self.proxy = proxy

    def send(self, method: str, url: str, body: PhotoBody | None = None) -> httpx.Response:
        """Send a request, and return the answer, which may be an error's.

        Raises:
            PermanentError: The answer cannot be decompressed, or is too large.
            TransientError: There is no answer; `NoAnswerInTimeError` after a long time.
        """
        try:
            return self._http.request(method, url, body)
        except httpx.DecodingError as error:
            raise self.not_v1(url, f"one that cannot be decompressed ({error})") from error
        except AnswerTooLargeError as error:
            raise self.not_v1(url, f"one of more than {MAX_ANSWER_BYTES >> 20} MiB") from error
        except TimeoutError as error:
            received = f"no complete answer within {LONGEST_SECONDS:g} s"
            raise self._unreachable(url, received, NoAnswerInTimeError) from error
        except httpx.ConnectTimeout as error:
            received = "no answer to connecting"
            raise self._unreachable(url, received, NoAnswerInTimeError) from error
        except httpx.TimeoutException as error:
            received = f"no answer within {_TIMEOUT_SECONDS:g} s"
            raise self._unreachable(url, received, NoAnswerInTimeError) from error
        except httpx.RequestError as error:
            what, place = ("proxy", self.proxy.url) if self.proxy else ("server", url)
            received = why_unreachable(error, what, urlsplit(place).hostname or "")
            raise self._unreachable(url, received) from error

    def end_requests(self) -> None:
        """End the requests that other threads wait for, and refuse further ones."""
        self._http.end_requests()

    def show(self, url: str) -> str:
        """Return a URL as messages show it, with the proxy that it is asked through."""
        return show_url(url) + (f" through {self.proxy}" if self.proxy else "")

    def not_v1(self, url: str, received: str) -> PermanentError:
        """Return the error for an answer that is not in the V1 protocol."""
        return PermanentError(
            f"an answer in the V1 protocol from {self.show(url)}",
            received,
            f"check that {spell('endpoint')} is a predictor's address",
        )

    def _unreachable(
        self, url: str, received: str, kind: type[TransientError] = TransientError
    ) -> TransientError:
        parts = urlsplit(url)
        remedy = (
            f"start one with `viewfinder serve MODEL`, correct {spell('endpoint')}, or for one in "
            "a cluster use `kubectl port-forward`"
        )
        if self.proxy is not None:
            remedy = (
                f"correct {spell('endpoint')} or {self.proxy.variable}, or add {parts.hostname} "
                "to NO_PROXY"
            )
        return kind(
            f"a predictor at {self.show(f'{parts.scheme}://{parts.netloc}')}", received, remedy
        )


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Let requests to a URL's server be sent while the block runs.

    Raises:
        UsageError: An environment variable names no usable proxy or certificates.
    """
    proxy = find_proxy(url)
    proxy_url = None if proxy is None else proxy.url
    with HttpClient(_TIMEOUT_SECONDS, proxy_url, _load_certificates()) as http:
        yield Connection(http, proxy)


def _load_certificates() -> ssl.SSLContext:
    """Return what HTTPS trusts: what OpenSSL's variables name, or Mozilla's list."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        file = os.environ.get("SSL_CERT_FILE")
        raise UsageError(
            "the environment variable SSL_CERT_FILE to name a file of certificates in PEM format",
            f"{file!r} ({error.strerror or error})",
            "correct it, or unset it",
        ) from error
