"""Deployments at once on a target that is not KServe: proof, going back, time that is up."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fixtures.servables import allow_precisions, write_evaluation, write_servable
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.unit.deployment.strategies.process_target import Machine, ProcessTarget

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import deploy_version
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.record import Deployed
from viewfinder_components.deployment.target import SupersededError
from viewfinder_components.deployment.targets import TARGETS
from viewfinder_components.errors import PermanentError, TransientError, UsageError

MODEL = "colour"


@dataclass
class Workshop:
    """Versions of one model, and the machine that serves them."""

    folder: Path
    machine: Machine

    def publish(self, number: int) -> None:
        """Write a version, each of which answers differently, and its evaluation."""
        write_servable(self.folder / MODEL / str(number), scale=1.0 + number)
        write_evaluation(self.folder / f"evaluation-{number}", self.folder / MODEL / str(number))

    def deploy(self, number: int, evaluation: int = 0, **values: Any) -> Deployed:
        """Deploy a version, and hold it to its own evaluation or that of another one."""
        uri = f"file://{self.folder}/{MODEL}/{number}"
        config = DeployConfig(uri, number, MODEL, target="process", tolerance=0.001, **values)
        home = self.folder / f"evaluation-{evaluation or number}"
        return deploy_version(home, self.folder / "record", config)

    def served_version(self) -> str:
        """What answers."""
        url = f"{self.machine.live[MODEL].url}/v2/models/{MODEL}"
        return str(httpx.get(url, trust_env=False).json()["versions"][0])

    def record(self) -> dict[str, Any]:
        """The last `deployment.json`."""
        record: dict[str, Any] = json.loads((self.folder / "record/deployment.json").read_bytes())
        return record

    def history(self) -> list[int]:
        """The versions that came to serve."""
        return [entry.number for entry in self.machine.histories[MODEL]]


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    machine = Machine(tmp_path)
    monkeypatch.setattr(ProcessTarget, "machine", machine, raising=False)
    monkeypatch.setitem(TARGETS, "process", ProcessTarget)
    made = Workshop(tmp_path, machine)
    for number in (1, 2):
        made.publish(number)
    yield made
    for serving in machine.started:
        serving.kill()


def test_a_version_serves_the_next_replaces_it_and_the_first_comes_back(
    workshop: Workshop,
) -> None:
    first = workshop.deploy(1)
    assert first.changed
    assert first.endpoint == workshop.machine.live[MODEL].url
    assert first.scalars["photos_compared"] == 5
    assert first.summary.startswith(f"version 1 serves at {first.endpoint} after ")
    assert workshop.record()["predecessor"] is None
    again = workshop.deploy(1)
    assert not again.changed
    assert "version 1 was already serving" in again.summary

    workshop.deploy(2)
    assert workshop.served_version() == "2"
    record = workshop.record()
    assert record["predecessor"] == "version 1"
    assert record["namespace"] == "this machine"
    assert "process" in record
    assert record["version_confirmed"]
    assert workshop.history() == [1, 2]

    with ProcessTarget.connect("") as target:
        earlier = target.find_earlier(MODEL, MODEL, 0)
        assert earlier.version_number == 1
        assert target.remove(MODEL, MODEL, 10)
        assert not target.remove(MODEL, MODEL, 10)


def test_answers_that_differ_bring_the_predecessor_back(workshop: Workshop) -> None:
    workshop.deploy(1)
    with pytest.raises(PermanentError, match="probabilities that differ") as caught:
        workshop.deploy(2, evaluation=1)
    assert "(rolled back: version 1 serves as before)" in caught.value.received
    assert workshop.served_version() == "1"
    assert workshop.history() == [1]


def test_a_precision_is_held_to_the_tolerance_that_check_measured(workshop: Workshop) -> None:
    """The int8 model's answers are as far from the evaluation's as another version's."""
    version = workshop.folder / MODEL / "1"
    allow_precisions(version, "int8", "f32", scale=3.0)
    assert workshop.deploy(1).changed
    properties = httpx.get(
        f"{workshop.machine.live[MODEL].url}/v2/models/{MODEL}", trust_env=False
    ).json()["properties"]
    assert (properties["precision"], properties["precision_tolerance"]) == ("int8", "0.3")


def test_answers_beyond_the_tolerance_of_a_precision_are_refused(workshop: Workshop) -> None:
    allow_precisions(workshop.folder / MODEL / "1", "int8", "f32", scale=-3.0)
    with pytest.raises(PermanentError, match=r"with a tolerance of 0\.3, on 5 photos"):
        workshop.deploy(1)


def test_time_that_is_up_brings_the_predecessor_back(workshop: Workshop) -> None:
    workshop.deploy(1)
    workshop.machine.stopped = True
    with pytest.raises(TransientError, match="the predictor to start in time") as caught:
        workshop.deploy(2, deploy_timeout_seconds=1)
    assert "(rolled back: version 1 serves as before)" in caught.value.received
    assert workshop.served_version() == "1"
    assert workshop.history() == [1]


def test_a_first_version_that_fails_is_left_to_be_looked_at(workshop: Workshop) -> None:
    (workshop.folder / MODEL / "1" / "model.xml").unlink()
    with pytest.raises(PermanentError, match="a predictor that starts") as caught:
        workshop.deploy(1)
    assert "no version served before it" in caught.value.received
    assert workshop.machine.live[MODEL].config.version_number == 1


def test_what_served_already_is_not_taken_for_a_failed_change(workshop: Workshop) -> None:
    workshop.deploy(1)
    with pytest.raises(PermanentError, match="nothing was changed"):
        workshop.deploy(1, evaluation=2)
    assert workshop.served_version() == "1"


def test_a_later_deployment_is_left_alone(workshop: Workshop) -> None:
    workshop.machine.stopped = True
    outcome: list[BaseException] = []

    def deploy() -> None:
        try:
            workshop.deploy(1)
        except SupersededError as error:
            outcome.append(error)

    thread = threading.Thread(target=deploy)
    thread.start()
    wait_for(lambda: MODEL in workshop.machine.live, "version 1 to be on the machine")
    workshop.machine.stopped = False
    workshop.deploy(2)
    thread.join(PATIENCE)
    assert len(outcome) == 1
    assert "rolled back" not in str(outcome[0])
    assert workshop.served_version() == "2"


def test_what_the_target_cannot_read_is_refused_before_anything_else(workshop: Workshop) -> None:
    config = DeployConfig("s3://bucket/colour/1", 1, MODEL, target="process")
    with pytest.raises(UsageError, match="expected a folder of this machine"):
        deploy_version(Path("/nowhere"), workshop.folder / "record", config, Deed.DEPLOY)
    assert workshop.machine.started == []
