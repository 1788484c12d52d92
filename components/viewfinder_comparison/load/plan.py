"""What the load generator is asked to do."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Arrivals = Literal["poisson", "constant"]


@dataclass(frozen=True)
class Plan:
    """One measurement: `clients` (closed-loop) or `rate` (open-loop) is given."""

    host: str
    port: int
    seconds: float
    """How long requests are sent; answers are awaited after that."""
    timeout: float
    """Seconds after which a request counts as unanswered."""
    clients: int | None = None
    """Each asks, waits for the answer, and asks again."""
    rate: float | None = None
    """Requests due per second, whether or not earlier ones are answered."""
    arrivals: Arrivals = "poisson"
    seed: int = 0
    """Of the random arrivals: the same seed gives the same times."""


def write_plan(path: Path, plan: Plan, requests: Sequence[bytes]) -> None:
    """Write a plan, with the bytes of the requests that are sent in turn."""
    bodies = [base64.b64encode(request).decode() for request in requests]
    path.write_text(json.dumps({"plan": vars(plan), "requests": bodies}), "utf-8")


def read_plan(path: Path) -> tuple[Plan, list[bytes]]:
    """Read what `write_plan` wrote."""
    values = json.loads(path.read_bytes())
    return Plan(**values["plan"]), [base64.b64decode(body) for body in values["requests"]]
