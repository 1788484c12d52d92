"""What the predictor tells a client whose request it does not answer."""

from viewfinder_components.errors import ViewfinderError
from viewfinder_components.library_messages import strip_addresses

_SHOWN = 60  # characters of a client's own value in a message


class RefusedError(ViewfinderError):
    """A request that gets an error status and a sentence instead of predictions.

    Args:
        expected: What the contract requires, as a noun phrase.
        received: What the request contains instead.
        remedy: What the client should do next, as an imperative sentence.
        status: The HTTP status, 400 to 599.
        headers: Headers that the answer's status requires.
    """

    def __init__(
        self,
        expected: str,
        received: str,
        remedy: str,
        *,
        status: int = 400,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(
            *(strip_addresses(part) for part in (expected, received, remedy)),
        )
        self.status = status
        self.headers = headers or {}


def shown(value: object) -> str:
    """Return a client's value as short printable ASCII, for a message or a log line."""
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    text = ascii(value if not isinstance(value, str) else value[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
