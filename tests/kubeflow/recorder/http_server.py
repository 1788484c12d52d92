"""A small HTTP server whose every answer is an exchange: what the proxy and the replay share."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from tests.kubeflow.recorder.exchanges import Exchange


@dataclass(frozen=True)
class Request:
    """A request of a client.

    Attributes:
        method: `GET`, `POST` and so on.
        target: Path and query.
        headers: The headers, their names in lower case.
        content: The body.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes


class ExchangeServer(ThreadingHTTPServer):
    """Answers on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, request: Request) -> Exchange:
        """Return the exchange that a request becomes."""
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ExchangeServer

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = self.server.answer(Request(self.command, self.path, headers, content))
        self.send_response(exchange.status)
        self.send_header("Content-Type", exchange.content_type)
        self.send_header("Content-Length", str(len(exchange.content)))
        self.end_headers()
        self.wfile.write(exchange.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815


_Server = TypeVar("_Server", bound=ExchangeServer)


@contextmanager
def running(server: _Server) -> Iterator[_Server]:
    """Let a server answer for as long as the context lasts."""
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
