"""uvicorn's server, with TLS whose certificate may change."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import uvicorn

from viewfinder_serving.tls.certificate import Certificate
from viewfinder_serving.tls.contexts import make_changing_context

_HANDSHAKE_SECONDS = 10.0  # as long as the head of a request may take
_GOODBYE_SECONDS = 3.0  # for a client's answer to the end of TLS


class HttpServer(uvicorn.Server):
    """Listens with TLS if there is a certificate; signals are left to `PhotoServer`.

    uvicorn itself would read the certificate once, and wait a minute for a handshake.

    Args:
        config: uvicorn's settings.
        certificate: Gives the certificate; None for no TLS.
    """

    def __init__(
        self, config: uvicorn.Config, certificate: Callable[[], Certificate] | None
    ) -> None:
        super().__init__(config)
        self._certificate = certificate

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave the signals as they are."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on sockets."""
        if self._certificate is None:
            await super().startup(sockets)
            return
        context = make_changing_context(self._certificate)
        servers = [
            await asyncio.get_running_loop().create_server(
                self._make_protocol,
                sock=listener,
                ssl=context,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=_GOODBYE_SECONDS,
                backlog=self.config.backlog,
            )
            for listener in sockets or []
        ]
        await super().startup([])
        self.servers = servers

    def _make_protocol(self) -> asyncio.Protocol:
        """Make what handles a connection, as uvicorn does."""
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol
