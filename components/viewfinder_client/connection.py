"""A connection to a server, and why there is no answer, in sentences."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from viewfinder_client.answer_body import AnswerTooLargeError, CompressionError
from viewfinder_client.connection_failures import (
    explain_delay,
    explain_failure,
    show_place,
)
from viewfinder_client.http_client import LONGEST_SECONDS, MAX_ANSWER_BYTES, HttpClient
from viewfinder_client.photo_body import PhotoBody
from viewfinder_client.proxy import Proxy, find_proxy
from viewfinder_components.bearer_token import find_own_token
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.spelling import spell

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
            PermanentError: The answer cannot be decompressed, or is too large; there is no TLS that
                can be used; the proxy refuses.
            TransientError: There is no answer; `NoAnswerInTimeError` after a long time.
        """
        try:
            return self._http.request(method, url, body)
        except CompressionError as error:
            raise self.not_v1(url, f"one that cannot be decompressed ({error})") from error
        except AnswerTooLargeError as error:
            raise self.not_v1(url, f"one of more than {MAX_ANSWER_BYTES >> 20} MiB") from error
        except TimeoutError as error:
            received = f"no complete answer within {LONGEST_SECONDS:g} s"
            raise explain_delay(url, self.proxy, received) from error
        except httpx.ConnectTimeout as error:
            received = "no answer to connecting"
            raise explain_delay(url, self.proxy, received) from error
        except httpx.TimeoutException as error:
            received = f"no answer within {_TIMEOUT_SECONDS:g} s"
            raise explain_delay(url, self.proxy, received) from error
        except (httpx.RequestError, ssl.SSLError) as error:  # httpx passes some of TLS on
            raise explain_failure(error, url, self.proxy) from error

    def end_requests(self) -> None:
        """End the requests that other threads wait for, and refuse further ones."""
        self._http.end_requests()

    def show(self, url: str) -> str:
        """Return a URL as messages show it, with the proxy that it is asked through."""
        return show_place(url, self.proxy)

    def not_v1(self, url: str, received: str) -> PermanentError:
        """Return the error for an answer that is not in the V1 protocol."""
        return PermanentError(
            f"an answer in the V1 protocol from {self.show(url)}",
            received,
            f"check that {spell('endpoint')} is a predictor's address",
        )


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Let requests to a URL's server be sent while the block runs.

    Raises:
        UsageError: An environment variable names no usable proxy or certificates, or no token.
    """
    find_own_token()  # before any work
    proxy = find_proxy(url)
    has_tls = url.startswith("https:") or (proxy is not None and proxy.has_tls)
    certificates = _load_certificates() if has_tls else None
    asked = None if proxy is None else proxy.for_client(certificates)
    with HttpClient(_TIMEOUT_SECONDS, asked, certificates) as http:
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
