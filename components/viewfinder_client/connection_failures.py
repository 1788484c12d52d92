"""Why there is no connection to a server, or to the proxy before it, and what to do next."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from viewfinder_client.endpoint import show_url
from viewfinder_client.proxy import Proxy
from viewfinder_client.v1_failures import (
    MAY_SUCCEED_LATER,
    NEEDS_PASSWORD,
    NoAnswerInTimeError,
    advise_password,
    describe_cause,
)
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.spelling import spell, write_command

# What OpenSSL says of an answer without TLS; newer releases say the others.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG")
# Of OpenSSL's `X509_V_ERR_...`: not yet valid, expired; another host, another address.
_OTHER_TIME = (9, 10)
_OTHER_HOST = (62, 64)
# The other side hung up, as it does while it is being replaced.
_HUNG_UP = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)

# Something listens at the address, and does not answer, or not in HTTP.
_AFTER_CONNECTING = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


def explain_failure(
    error: httpx.RequestError | ssl.SSLError, url: str, proxy: Proxy | None
) -> ViewfinderError:
    """Return the error for a request that was not answered.

    Args:
        error: What was raised.
        url: Where the request went.
        proxy: The proxy that it went through.
    """
    if isinstance(error, httpx.ProxyError) and proxy:
        return _explain_refusal(str(error), url, proxy)
    # A library's message starts with a number.
    cause = next((one for one in _causes(error) if isinstance(one, OSError) and one.errno), None)
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, _HUNG_UP):
        return _explain_tls(cause, url, proxy)
    if isinstance(error, _AFTER_CONNECTING):
        said = describe_cause(cause or error).rstrip(".")
        received = f"a connection without a complete HTTP answer ({said})"
        return TransientError(_expect(url, proxy), received, _advise_answer(proxy))
    what, place = ("proxy", proxy.url) if proxy else ("server", url)
    received = describe_cause(cause or error)
    if cause is not None and cause.errno == errno.ECONNREFUSED:
        received = f"no {what} listening there"
    elif isinstance(cause, socket.gaierror):
        received = f"no such host ({urlsplit(place).hostname or ''})"
    return TransientError(_expect(url, proxy), received, _advise_address(url, proxy))


def explain_delay(url: str, proxy: Proxy | None, received: str) -> ViewfinderError:
    """Return the error for a request that was not answered in time.

    Args:
        url: Where the request went.
        proxy: The proxy that it went through.
        received: What did not come in which time.
    """
    return NoAnswerInTimeError(_expect(url, proxy), received, _advise_address(url, proxy))


def show_place(url: str, proxy: Proxy | None) -> str:
    """Return a URL as messages show it, with the proxy that it is asked through."""
    return show_url(url) + (f" through {proxy}" if proxy else "")


def _expect(url: str, proxy: Proxy | None) -> str:
    parts = urlsplit(url)
    server = show_place(f"{parts.scheme}://{parts.netloc}", proxy)
    return f"a predictor at {server}"


def _advise_address(url: str, proxy: Proxy | None) -> str:
    """Return what to do if nobody answers at an address."""
    if proxy is None:
        return (
            f"start one with `{write_command('serve', 'MODEL')}`, correct {spell('endpoint')}, "
            "or for one in a cluster use `kubectl port-forward`"
        )
    return (
        f"correct {spell('endpoint')} or {proxy.variable}, or add {urlsplit(url).hostname} to "
        "NO_PROXY"
    )


def _advise_answer(proxy: Proxy | None) -> str:
    """Return what to do if whoever listens at an address gives no answer in HTTP."""
    named = spell("endpoint") if proxy is None else f"{spell('endpoint')} or {proxy.variable}"
    return (
        f"check that {named} names a predictor, its port for HTTP and, if it uses TLS, https://; "
        "if so, read the predictor's log for why it ended the connection, then try again"
    )


def _explain_refusal(said: str, url: str, proxy: Proxy) -> ViewfinderError:
    """Explain why a proxy does not connect: an HTTP proxy says a status and its name."""
    found = re.match(r"(\d{3})\b *", said)
    status = int(found[1]) if found else 0
    received = f"HTTP {status}: {said[found.end() :]}" if found else said
    if status == NEEDS_PASSWORD:
        return PermanentError(_expect(url, proxy), received, advise_password(proxy))
    is_final = 400 <= status < 500 and status not in MAY_SUCCEED_LATER
    kind = PermanentError if is_final else TransientError
    return kind(_expect(url, proxy), received, _advise_address(url, proxy))


def _explain_tls(cause: ssl.SSLError, url: str, proxy: Proxy | None) -> ViewfinderError:
    where = _find_https(url, proxy)
    if isinstance(cause, ssl.SSLCertVerificationError):
        received = f"a certificate that is not trusted ({cause.verify_message.rstrip('.')})"
        remedy = (
            "let the environment variable SSL_CERT_FILE name a file with the certificate of its "
            "authority in PEM format"
        )
        if cause.verify_code in _OTHER_TIME:
            remedy = "renew the certificate, or correct the clock of this machine"
        elif cause.verify_code in _OTHER_HOST:
            remedy = f"name the host in {where} as the certificate does"
    elif cause.reason in _NO_TLS:
        received, remedy = "no TLS", f"write http:// instead of https:// in {where}"
    else:
        received = f"no TLS that can be used ({cause.reason or cause})"
        remedy = f"correct {where}, or how TLS is set up there"
    return PermanentError(_expect(url, proxy), received, remedy)


def _find_https(url: str, proxy: Proxy | None) -> str:
    """Return where an address with https:// is written: the cause does not say whose it is."""
    endpoint = spell("endpoint")
    if proxy is None or not proxy.has_tls:
        return endpoint
    return f"{proxy.variable} or {endpoint}" if url.startswith("https:") else proxy.variable


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
