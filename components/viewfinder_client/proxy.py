"""The proxy between this machine and a server, which environment variables name."""

import os
import ssl
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from viewfinder_client.endpoint import check_url, show_url
from viewfinder_components.errors import UsageError


@dataclass(frozen=True)
class Proxy:
    """A proxy.

    Attributes:
        url: Its URL, which may have a password.
        variable: The environment variable that names it.
    """

    url: str
    variable: str

    def __str__(self) -> str:
        """Return how messages name it."""
        return f"the proxy {show_url(self.url)} ({self.variable})"

    @property
    def has_tls(self) -> bool:
        """Whether it is itself asked over TLS, whatever the server behind it uses."""
        return self.scheme == "https"

    @property
    def scheme(self) -> str:
        """How it is asked, in small letters."""
        return httpx.URL(self.url).scheme

    def for_client(self, certificates: ssl.SSLContext | None) -> httpx.Proxy:
        """Return it in the form of httpx, which would trust Mozilla's list only.

        Args:
            certificates: What HTTPS trusts.
        """
        return httpx.Proxy(self.url, ssl_context=certificates if self.has_tls else None)


def find_proxy(url: str) -> Proxy | None:
    """Return the proxy for a URL; None if there is none.

    Requests to this machine never use one, as in Go's `net/http`: a proxy elsewhere would look for
    the server on its own machine.

    Args:
        url: Whose host is asked; it is well-formed.

    Raises:
        UsageError: A variable names something that is no proxy.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = parts.netloc.rpartition("@")[2]
    if _is_this_machine(host) or proxy_bypass(host) or proxy_bypass(address):
        return None
    found = getproxies()
    scheme = next((one for one in (parts.scheme, "all") if found.get(one)), None)
    if scheme is None:
        return None
    given = found[scheme]
    proxy = Proxy(given if "://" in given else f"http://{given}", _find_variable(scheme))
    _need_proxy(proxy, host)
    return proxy


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _find_variable(scheme: str) -> str:
    """Return the name as it is set; names in small letters come first, as for Python."""
    name = f"{scheme}_proxy"
    return name if os.environ.get(name) else name.upper()


def _need_proxy(proxy: Proxy, host: str) -> None:
    try:
        check_url(proxy.url)
        httpx.Proxy(proxy.url)
    except ValueError as error:
        reason = "" if "@" in proxy.url else f" ({error})"  # which may have a part of a password
        raise _no_proxy(proxy, reason, f"correct it, or add {host} to NO_PROXY") from error
    if proxy.scheme.startswith("socks") and find_spec("socksio") is None:
        remedy = f"install the package socksio, or add {host} to NO_PROXY"
        raise _no_proxy(proxy, ", a SOCKS proxy", remedy)


def _no_proxy(proxy: Proxy, reason: str, remedy: str) -> UsageError:
    return UsageError(
        f"the environment variable {proxy.variable} to be the URL of an HTTP proxy",
        f"{show_url(proxy.url)!r}{reason}",
        remedy,
    )
