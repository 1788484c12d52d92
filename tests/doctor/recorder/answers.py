"""What an API server answered in one state, as a file that people can read and compare.

A request that only asks is known by method and target. Reviews of permissions all have the same
target, so they are known by what they ask about as well.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An answer, and the request by which it is found.

    Attributes:
        method: `GET`, `POST` and so on.
        target: Path and query.
        asked: What a review is about, such as `get pods in team as
            system:serviceaccount:team:runner`; empty for every other request.
        status: The HTTP status.
        body: What was answered: JSON, pruned.
    """

    method: str
    target: str
    asked: str
    status: int
    body: Any

    @property
    def request(self) -> tuple[str, str, str]:
        """By what it is found."""
        return self.method, self.target, self.asked


def describe_question(content: bytes) -> str:
    """Return what a request's body asks about; empty where it is no review of a permission."""
    body: dict[str, Any] = json.loads(content or b"{}")
    spec = body.get("spec", {})
    attributes = spec.get("resourceAttributes")
    if attributes is None:
        return ""
    resource = attributes["resource"]
    if subresource := attributes.get("subresource"):
        resource += f"/{subresource}"
    if group := attributes.get("group"):
        resource += f".{group}"
    user = f" as {spec['user']}" if "user" in spec else ""
    return f"{attributes['verb']} {resource} in {attributes['namespace']}{user}"


def collect(answers: Iterable[Answer]) -> list[Answer]:
    """Return every answer once; a state in which one changes is none."""
    found: dict[tuple[str, str, str], Answer] = {}
    for answer in answers:
        known = found.setdefault(answer.request, answer)
        if known != answer:
            raise AssertionError(f"two answers to {answer.request}: {known.body}, {answer.body}")
    return list(found.values())


def save(answers: Iterable[Answer], path: Path) -> None:
    """Write a recording."""
    entries = [asdict(answer) for answer in answers]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries, indent=1) + "\n")


def load(path: Path) -> list[Answer]:
    """Read a recording."""
    return [Answer(**entry) for entry in json.loads(path.read_text())]
