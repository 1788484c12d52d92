"""A gRPC channel that goes the same way as HTTP would: the same proxy, the same trust."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import certifi
import grpc  # type: ignore[import-untyped]

from viewfinder_client.connection import load_certificates
from viewfinder_client.http_client import MAX_ANSWER_BYTES
from viewfinder_client.proxy import Proxy
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell

_PORTS = {"http": 80, "https": 443}
# gRPC's own pauses between two connections grow to two minutes, in which every call fails.
_RECONNECT = [
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
]


def open_channel(server: str, proxy: Proxy | None, ca_file: str | None) -> Any:
    """Return a channel to a server; nothing is sent yet.

    Args:
        server: Its URL; https:// means TLS.
        proxy: The proxy on the way; None for none, whatever gRPC's own variables name.
        ca_file: Certificates of authorities, in PEM format; None for what `SSL_CERT_FILE` names, or
            Mozilla's list.

    Raises:
        UsageError: The URL has a path, the proxy is not one for gRPC, or there are no certificates.
    """
    parts = urlsplit(server)
    if parts.path:
        raise UsageError(
            f"{spell('endpoint')} to be a host and a port for {spell('protocol', 'grpc')}",
            f"a URL with the path {parts.path!r}",
            "leave the path out",
        )
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    target = f"dns:///{host}:{parts.port or _PORTS[parts.scheme]}"
    options = [*_RECONNECT, ("grpc.max_receive_message_length", MAX_ANSWER_BYTES)]
    options.append(("grpc.max_send_message_length", -1))  # whether it is too large is the server's
    options += _choose_proxy(proxy)
    if parts.scheme == "http":
        return grpc.insecure_channel(target, options)
    return grpc.secure_channel(target, _trust(ca_file), options)


def _choose_proxy(proxy: Proxy | None) -> list[tuple[str, Any]]:
    if proxy is None:
        return [("grpc.enable_http_proxy", 0)]
    if proxy.scheme != "http":
        raise UsageError(
            f"the environment variable {proxy.variable} to be the URL of an HTTP proxy for gRPC",
            f"{proxy}",
            "choose a proxy with http://, or add the server to NO_PROXY",
        )
    return [("grpc.http_proxy", proxy.url)]


def _trust(ca_file: str | None) -> Any:
    load_certificates(ca_file)  # refuses what is no such file
    file = ca_file or os.environ.get("SSL_CERT_FILE") or certifi.where()
    return grpc.ssl_channel_credentials(Path(file).read_bytes())
