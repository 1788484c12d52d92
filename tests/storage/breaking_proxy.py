"""A network that breaks: a TCP proxy that ends connections in the middle."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class BreakingProxy:
    """Forwards to 127.0.0.1:`target`; counts what it does.

    Attributes:
        target: The server's port.
        port: Where it listens on 127.0.0.1.
        breaks: How many more connections to break.
        upload_limit: Bytes from the client after which a connection that is to break is broken.
        download_limit: The same for bytes from the server.
        received: Bytes from clients so far.
        broken: Connections broken so far.
    """

    target: int
    port: int = 0
    breaks: int = 0
    upload_limit: int = 1 << 62
    download_limit: int = 1 << 62
    received: int = 0
    broken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed: the test is over
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                for source, sink, upload in ((client, server, True), (server, client, False)):
                    threading.Thread(
                        target=self._forward, args=(source, sink, upload), daemon=True
                    ).start()

    def _forward(self, source: socket.socket, sink: socket.socket, upload: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(1 << 16):
                passed += len(data)
                with self.lock:
                    self.received += len(data) * upload
                    limit = self.upload_limit if upload else self.download_limit
                    breaks = passed > limit and self.breaks > 0
                    self.breaks -= breaks
                    self.broken += breaks
                if breaks:
                    sink.sendall(data[: len(data) // 2])
                    break
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def breaking_proxy(target: int) -> Iterator[BreakingProxy]:
    """Run a proxy before the server on port `target`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = BreakingProxy(target, listener.getsockname()[1])
        threading.Thread(target=proxy.serve, args=(listener,), daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
