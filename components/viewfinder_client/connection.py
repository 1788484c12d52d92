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
from viewfinder_components.errors import PermanentError, UsageError, reason_of
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
        with explained(url, self.proxy, _TIMEOUT_SECONDS):
            return self._http.request(method, url, body)

    def end_requests(self) -> None:
        """End the requests that other threads wait for, and refuse further ones."""
        self._http.end_requests()

    def show(self, url: str) -> str:
        """Return a URL as messages show it, with the proxy that it is asked through."""
        return show_place(url, self.proxy)

    def not_v1(self, url: str, received: str) -> PermanentError:
        """Return the error for an answer that is not in the V1 protocol."""
        return not_a_prediction(url, self.proxy, received)


@contextmanager
def explained(
    url: str, proxy: Proxy | None, timeout: float, protocol: str = "V1"
) -> Iterator[None]:
    """Explain why the block got no answer.

    Args:
        url: What it asked.
        proxy: The proxy that it asked through.
        timeout: Seconds that it waited for the next bytes.
        protocol: In which it asked.

    Raises:
        PermanentError: The answer cannot be decompressed, is too large, or is no HTTP; there is no
            TLS that can be used; the proxy refuses.
        TransientError: There is no answer; `NoAnswerInTimeError` after a long time.
    """
    try:
        yield
    except CompressionError as error:
        received = f"one that cannot be decompressed ({error})"
        raise not_a_prediction(url, proxy, received, protocol) from error
    except AnswerTooLargeError as error:
        received = f"one of more than {MAX_ANSWER_BYTES >> 20} MiB"
        raise not_a_prediction(url, proxy, received, protocol) from error
    except TimeoutError as error:
        received = f"no complete answer within {LONGEST_SECONDS:g} s"
        raise explain_delay(url, proxy, received) from error
    except httpx.ConnectTimeout as error:
        received = "no answer to connecting"
        raise explain_delay(url, proxy, received) from error
    except httpx.TimeoutException as error:
        received = f"no answer within {timeout:g} s"
        raise explain_delay(url, proxy, received) from error
    except (httpx.RequestError, ssl.SSLError) as error:  # httpx passes some of TLS on
        raise explain_failure(error, url, proxy) from error


def not_a_prediction(
    url: str, proxy: Proxy | None, received: str, protocol: str = "V1"
) -> PermanentError:
    """Return the error for an answer that is in no protocol of predictions."""
    return PermanentError(
        f"an answer in the {protocol} protocol from {show_place(url, proxy)}",
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
    proxy, asked, certificates = find_way(url)
    with HttpClient(_TIMEOUT_SECONDS, asked, certificates) as http:
        yield Connection(http, proxy)


def find_way(
    url: str, ca_file: str | None = None
) -> tuple[Proxy | None, httpx.Proxy | None, ssl.SSLContext | None]:
    """Return the proxy to a server, the same for httpx, and what HTTPS trusts.

    Args:
        url: The server's.
        ca_file: Certificates of authorities, in PEM format; None for what `SSL_CERT_FILE` names, or
            Mozilla's list.

    Raises:
        UsageError: An environment variable or `ca_file` names no usable proxy or certificates.
    """
    proxy = find_proxy(url)
    has_tls = url.startswith("https:") or (proxy is not None and proxy.has_tls)
    certificates = load_certificates(ca_file) if has_tls else None
    return proxy, None if proxy is None else proxy.for_client(certificates), certificates


def load_certificates(ca_file: str | None) -> ssl.SSLContext:
    """Return what HTTPS trusts: a file, what OpenSSL's variables name, or Mozilla's list.

    Raises:
        UsageError: The file, or one that a variable names, has no certificates.
    """
    try:
        if ca_file is not None:
            return ssl.create_default_context(cafile=ca_file)
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:  # ssl.SSLError is one; a path with a null byte
        if ca_file is not None:
            raise UsageError(
                f"{spell('ca_file')} to name a file of certificates in PEM format",
                f"{ca_file!r} ({reason_of(error)})",
                "correct it",
            ) from error
        file = os.environ.get("SSL_CERT_FILE")
        raise UsageError(
            "the environment variable SSL_CERT_FILE to name a file of certificates in PEM format",
            f"{file!r} ({reason_of(error)})",
            "correct it, or unset it",
        ) from error
