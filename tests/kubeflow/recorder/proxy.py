"""A proxy before a real Kubeflow Pipelines that writes down what it answers."""

import ssl
import threading
import time

import httpx
from tests.kubeflow.recorder.exchanges import Exchange, make_exchange
from tests.kubeflow.recorder.http_server import ExchangeServer, Request

_TIMEOUT_SECONDS = 120.0
_PASSED_ON = ("authorization", "content-type", "accept", "cookie")


class RecordingProxy(ExchangeServer):
    """Hands requests on and keeps the answers.

    Args:
        upstream: The address of the real API or UI.
        verify: Whose certificates are trusted; True for the system's.

    Attributes:
        exchanges: What was answered so far.
    """

    def __init__(self, upstream: str, verify: ssl.SSLContext | bool = True) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []
        self._upstream = upstream.rstrip("/")
        # Not through a proxy that the environment names: the install is near.
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False, verify=verify)
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Exchange:
        """Ask the real one, and keep what it answered."""
        response = self._client.request(
            request.method,
            self._upstream + request.target,
            headers={k: v for k, v in request.headers.items() if k in _PASSED_ON},
            content=request.content,
        )
        kind = response.headers.get("content-type", "")
        asked = (request.method, request.target)
        with self._lock:
            at = time.monotonic() - self._began
            exchange = make_exchange(at, *asked, response.status_code, kind, response.content)
            self.exchanges.append(exchange)
        return exchange

    def server_close(self) -> None:
        """Close the connections to the real one as well."""
        super().server_close()
        self._client.close()
