"""A store that refuses: an HTTP proxy that answers some requests itself, or breaks off."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fixtures.loopback import QuietHandler, running

Answer = tuple[int, bytes] | None
_HOP = ("connection", "transfer-encoding", "content-length", "date", "server")


@dataclass
class RefusingProxy:
    """Forwards to 127.0.0.1:`target` what it does not answer itself.

    Attributes:
        target: The store's port.
        url: Where it listens.
        decide: Called with a request's method and path; returns the status and body of an answer,
            0 for a connection that ends in the middle of the store's own answer, or None for the
            store's answer.
        asked: The requests so far, such as `GET /bucket/key`.
    """

    target: int
    url: str = ""
    decide: Callable[[str, str], Answer] = lambda method, path: None
    asked: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def _handler(proxy: RefusingProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with proxy.lock:
                proxy.asked.append(f"{self.command} {self.path}")
                decision = proxy.decide(self.command, self.path)
            if decision and decision[0]:
                self.send(
                    decision[0], b"" if self.command == "HEAD" else decision[1], "application/xml"
                )
                return
            status, headers, content = self._ask(body)
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            length = next((v for n, v in headers if n.lower() == "content-length"), len(content))
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if decision:
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return
            self.wfile.write(content)

        def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            with closing(http.client.HTTPConnection("127.0.0.1", proxy.target)) as store:
                store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in ("connection", "expect"):
                        store.putheader(name, value)
                store.endheaders(body)
                answer = store.getresponse()
                return answer.status, answer.getheaders(), answer.read()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    return Handler


@contextmanager
def refusing_proxy(target: int) -> Iterator[RefusingProxy]:
    """Run a proxy before the store on port `target`."""
    proxy = RefusingProxy(target)
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))) as server:
        server.daemon_threads = True
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        yield proxy
