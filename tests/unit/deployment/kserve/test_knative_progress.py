"""When a deployment in mode Knative is done, what served before it, and what a revision tells."""

from collections.abc import Callable

import pytest
from tests.unit.deployment.kserve.conftest import Recorded

from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.deployment.kserve.observation.diagnosis import diagnose
from viewfinder_components.deployment.kserve.observation.observe import find_condition, traffic_of
from viewfinder_components.deployment.kserve.observation.progress import measure_progress
from viewfinder_components.deployment.kserve.observation.revision_failure import (
    find_revision_failure,
)
from viewfinder_components.deployment.kserve.predecessor import find_predecessor
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError

Read = Callable[[str], Recorded]


def look(found: Recorded, applied: str = "") -> tuple[bool, str]:
    progress = measure_progress(found.seen, applied or found.applied, Mode.KNATIVE)
    return progress.done, progress.sentence


def test_a_revision_that_starts_is_waited_for(recorded: Read) -> None:
    done, sentence = look(recorded("knative-rolling-out"))
    assert not done
    assert sentence.startswith("revision fruit-predictor-00002 to be ready")


def test_all_requests_have_to_go_to_the_new_revision(recorded: Read) -> None:
    found = recorded("knative-rolled-out")
    assert look(found) == (True, "nothing")
    status = found.seen.knative_service["status"]
    new, old = {"revisionName": "fruit-predictor-00002"}, {"revisionName": "fruit-predictor-00001"}
    status["traffic"] = [new | {"percent": 90}, old | {"percent": 10}]
    assert look(found) == (False, "the requests to go to revision fruit-predictor-00002")
    status["traffic"] = [new | {"percent": 100}, old | {"percent": 0, "tag": "prev"}]
    assert look(found)[0]
    find_condition(found.seen.knative_service, "RoutesReady")["status"] = "Unknown"
    assert not look(found)[0]


def test_what_the_controllers_have_not_taken_up_is_not_done(recorded: Read) -> None:
    found = recorded("knative-rolled-out")
    assert look(found, "applied a moment ago")[1] == (
        "KServe's controller to create the Knative Service"
    )
    found.seen.knative_service["status"]["observedGeneration"] -= 1
    assert look(found)[1] == "Knative's controller to create the revision"


def test_what_gets_the_requests_is_gone_back_to(recorded: Read) -> None:
    """Also when it has been scaled to zero, and has no pod that could tell."""
    found = recorded("knative-rolling-out")
    found.seen.replica_sets.clear()
    assert traffic_of(found.seen) == ["fruit-predictor-00001"]
    predecessor = find_predecessor(found.seen, found.applied)
    assert predecessor is not None
    assert predecessor.description == "version 1"


def test_nothing_serves_beside_what_has_replaced_it(recorded: Read) -> None:
    found = recorded("knative-rolled-out")
    assert find_predecessor(found.seen, found.applied) is None


def test_a_revision_tells_that_its_image_cannot_be_looked_up(recorded: Read) -> None:
    found = recorded("knative-image-unknown")
    diagnosis = diagnose(found.seen, found.applied)
    assert diagnosis is not None
    assert diagnosis.waits
    assert isinstance(diagnosis.error, TransientError)
    assert "registry.invalid/none:1" in diagnosis.error.received
    assert "registries-skipping-tag-resolving" in diagnosis.error.remedy


@pytest.mark.parametrize(
    ("reason", "message", "kind", "words"),
    [
        ("ContainerMissing", "MANIFEST_UNKNOWN: manifest unknown", PermanentError, "image"),
        ("ContainerMissing", "dial tcp: i/o timeout", TransientError, "image"),
        ("ProgressDeadlineExceeded", "Initial scale was never achieved", TransientError, "gave"),
        ("Unschedulable", "0/1 nodes are available", TransientError, "room"),
        ("NotOwned", "There is an existing Deployment", PermanentError, "to become ready"),
    ],
)
def test_each_reason_of_a_revision_has_its_sentence(
    reason: str, message: str, kind: type[ViewfinderError], words: str
) -> None:
    inactive = {"type": "Active", "status": "False", "reason": "NoTraffic"}
    failed = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    revision = {"metadata": {"name": "r"}, "status": {"conditions": [inactive, failed]}}
    error = find_revision_failure(revision)
    assert isinstance(error, kind)
    assert words in error.expected
    assert message in error.received


def test_a_revision_scaled_to_zero_has_not_failed() -> None:
    inactive = {"type": "Active", "status": "False", "reason": "NoTraffic"}
    revision = {"metadata": {"name": "r"}, "status": {"conditions": [inactive]}}
    assert find_revision_failure(revision) is None
    assert find_revision_failure({}) is None
