"""What a real cluster said: objects recorded from KServe 0.20 on Kubernetes 1.36, and Knative 1.21.

Fields that nothing reads were left out, and the long annotation with what was applied is called
`applied` where only its identity matters.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from viewfinder_components.deployment.kserve.observation.observe import Observation

_FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class Recorded:
    """The objects of one moment."""

    seen: Observation
    applied: str


@pytest.fixture
def recorded() -> Callable[[str], Recorded]:
    """Reads the objects of one moment, by its name."""

    def read(name: str) -> Recorded:
        record = json.loads((_FOLDER / f"{name}.json").read_text())
        applied = record.pop("applied")
        return Recorded(Observation(**record), applied)

    return read
