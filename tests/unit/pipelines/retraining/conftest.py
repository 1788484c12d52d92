"""A receiver whose clock the test drives, and whose runs end when the test says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from viewfinder_components.errors import ViewfinderError
from viewfinder_pipelines.retraining.alerts import Alert
from viewfinder_pipelines.retraining.figures import Figures
from viewfinder_pipelines.retraining.receiver import Receiver
from viewfinder_pipelines.retraining.state import StateFolder
from viewfinder_pipelines.settings.retraining import RetrainingSettings

SETTINGS = {
    "fruit": RetrainingSettings(
        alerts=("ViewfinderDrift", "ViewfinderModelStale"),
        match={"namespace": "shop", "inferenceservice": "fruit"},
        interval_seconds=3600,
        parameters={"data": "photos"},
    ),
    "pets": RetrainingSettings(alerts=("ViewfinderDrift",), match={"inferenceservice": "pets"}),
}


@dataclass
class StatedRunner:
    """Runs whose states a test states."""

    poll_seconds: float = 5.0
    started: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The parameters of the runs by name."""
    states: dict[str, str] = field(default_factory=dict)
    recovered: list[str] = field(default_factory=list)
    error: ViewfinderError | None = None
    """Raised by the next request."""
    loses_answer: bool = False
    """Whether a run is started although the error is raised."""

    def check(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return parameters

    def find(self, name: str) -> str | None:
        return f"id-{name}" if name in self.started else None

    def start(self, name: str, parameters: Mapping[str, Any]) -> str:
        if self.loses_answer:
            self.started[name] = parameters
        self._fail()
        assert name not in self.started, "started twice"
        self.started[name] = parameters
        return f"id-{name}"

    def recover(self, run_id: str) -> None:
        self.recovered.append(run_id)

    def read(self, run_id: str) -> str:
        self._fail()
        return self.states.get(run_id, "running")

    def close(self) -> None:
        """Leave them."""

    def _fail(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error


@dataclass
class Bench:
    """What a test drives."""

    folder: StateFolder
    runner: StatedRunner = field(default_factory=StatedRunner)
    now: float = 1_800_000_000.0
    figures: Figures = field(default_factory=Figures)

    def restart(self) -> Receiver:
        """Return a receiver that knows what the folder knows."""
        self.figures = Figures()
        return Receiver(SETTINGS, self.folder, self.runner, self.figures, lambda: self.now)

    def count(self, name: str, **labels: str) -> float:
        """Return a metric's value, 0 if it has none."""
        return self.figures.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(StateFolder(tmp_path))


@pytest.fixture
def make_alert() -> Callable[..., Alert]:
    def make(name: str = "ViewfinderDrift", service: str = "fruit", since: str = "T1") -> Alert:
        labels = {
            "alertname": name,
            "namespace": "shop",
            "inferenceservice": service,
            "measure": "brightness",
        }
        return Alert(labels, {"value": "0.31", "limit": "0.12"}, since, f"{name}-{service}")

    return make
