"""What a Kubeflow Pipelines answered during one test, kept in a file so that CI can replay it.

A file is JSON, packed with xz: most of an answer is a workflow's manifest, which is much the same
in every poll. `python -m tests.kubeflow.recorder.exchanges FILE` prints one for people.
"""

import base64
import json
import lzma
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        at: Seconds since the recording began.
        method: `GET`, `POST` and so on.
        target: Path and query.
        status: The answer's HTTP status.
        content_type: The answer's type.
        body: The answer; base64 where it is no text.
        is_text: Whether `body` is the text itself.
    """

    at: float
    method: str
    target: str
    status: int
    content_type: str
    body: str
    is_text: bool = True

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def content(self) -> bytes:
        """The answer's bytes."""
        return self.body.encode() if self.is_text else base64.b64decode(self.body)

    @property
    def is_reading(self) -> bool:
        """Whether the request changed nothing."""
        return self.method == "GET"


def make_exchange(
    at: float, method: str, target: str, status: int, content_type: str, content: bytes
) -> Exchange:
    """Return an exchange; what is no UTF-8 is kept in base64."""
    try:
        body, is_text = content.decode(), True
    except UnicodeDecodeError:
        body, is_text = base64.b64encode(content).decode(), False
    return Exchange(round(at, 1), method, target, status, content_type, body, is_text)


def save(exchanges: Iterable[Exchange], path: Path) -> None:
    """Write a recording; answers that are equal are stored once."""
    bodies: dict[str, int] = {}
    entries = []
    for exchange in exchanges:
        values = asdict(exchange)
        values["body"] = bodies.setdefault(exchange.body, len(bodies))
        entries.append(values)
    text = json.dumps({"exchanges": entries, "bodies": list(bodies)}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def load(path: Path) -> list[Exchange]:
    """Read a recording."""
    values: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    bodies = values["bodies"]
    return [Exchange(**{**entry, "body": bodies[entry["body"]]}) for entry in values["exchanges"]]


def main() -> None:
    """Print a recording: a line for each exchange, with the beginning of the answer."""
    for exchange in load(Path(sys.argv[1])):
        print(f"{exchange.at:7.1f} {exchange.method} {exchange.target}")
        size, start = len(exchange.content), exchange.body[:120].replace("\n", " ")
        print(f"        {exchange.status} {size} B {start}")


if __name__ == "__main__":
    main()
