"""A small HTTP server whose every answer is an exchange: what the proxy and the replay share."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.server import ThreadingHTTPServer

from tests.fixtures.loopback import QuietHandler
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


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: without it the second waits 40 ms for the first's receipt.
    disable_nagle_algorithm = True
    server: ExchangeServer

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = self.server.answer(Request(self.command, self.path, headers, content))
        self.send(exchange.status, exchange.content, exchange.content_type)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer
