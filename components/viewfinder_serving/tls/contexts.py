"""Let each new connection have the certificate as it is now."""

import ssl
from collections.abc import Callable
from typing import Any

import grpc  # type: ignore[import-untyped]

from viewfinder_serving.tls.certificate import Certificate


def make_changing_context(certificate: Callable[[], Certificate]) -> ssl.SSLContext:
    """Return a context that looks for the certificate in each handshake.

    Args:
        certificate: Gives the certificate.
    """
    context = certificate().context

    def choose(connection: Any, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = certificate().context

    # OpenSSL calls it in every handshake, also if the client names no host.
    context.sni_callback = choose
    return context


def make_changing_credentials(certificate: Callable[[], Certificate]) -> grpc.ServerCredentials:
    """Return gRPC's credentials, which do the same.

    Args:
        certificate: Gives the certificate.
    """
    known = certificate()

    def configure(found: Certificate) -> Any:
        return grpc.ssl_server_certificate_configuration([(found.key, found.chain)])

    def look() -> Any:
        nonlocal known
        found = certificate()
        if found == known:
            return None  # gRPC keeps what it has
        known = found
        return configure(found)

    return grpc.dynamic_ssl_server_credentials(
        configure(known), look, require_client_authentication=False
    )
