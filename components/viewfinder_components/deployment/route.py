"""The way to a service, independent of the target."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

NEVER_KEPT = httpx.Limits(max_keepalive_connections=0)
"""For a route's client: each request on a new connection, so that it goes wherever new requests
go."""


@dataclass(frozen=True)
class Route:
    """A way to a service; as a context manager it closes its connections."""

    client: httpx.Client
    """With the base URL; no connection is kept."""

    name: str
    """The model's name in the URLs, which is the service's name."""

    endpoint: str
    """The URL that the service's users call; the client may take another route."""

    ask_seconds: float
    """How long to wait for an answer, in seconds."""

    if_forbidden: str
    """What to do if requests are not permitted, as the remedy of an error."""

    if_others_answer: str
    """What to do if another version keeps answering, as the remedy of an error."""

    @property
    def predict_path(self) -> str:
        """The V1 predict URL's path."""
        return f"/v1/models/{self.name}:predict"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
