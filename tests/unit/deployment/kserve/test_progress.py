"""When a deployment is done, and what serves beside it."""

import copy
from collections.abc import Callable

from tests.unit.deployment.kserve.conftest import Recorded

from viewfinder_components.deployment.kserve.kserve_version import Mode
from viewfinder_components.deployment.kserve.observation.observe import find_condition
from viewfinder_components.deployment.kserve.observation.progress import measure_progress
from viewfinder_components.deployment.kserve.predecessor import find_predecessor
from viewfinder_components.deployment.kserve.service import APPLIED, VERSION

Read = Callable[[str], Recorded]


def test_ready_alone_is_not_done(recorded: Read) -> None:
    """The old pods are ready in all of these moments, and so the service is Ready."""
    found = recorded("rolling-out")
    assert found.seen.condition("Ready")["status"] == "True"
    progress = measure_progress(found.seen, found.applied, Mode.STANDARD)
    assert not progress.done
    assert progress.sentence == "new pods to be ready (1 of 2 are)"

    untouched = measure_progress(found.seen, "applied a moment ago", Mode.STANDARD)
    assert not untouched.done
    assert untouched.sentence == "KServe's controller to create the Deployment"

    found = recorded("rolled-out")
    assert measure_progress(found.seen, found.applied, Mode.STANDARD).done


def test_a_pod_without_room_is_waited_for_not_the_old_one(recorded: Read) -> None:
    """To the Deployment the old pod is as available as a new one."""
    found = recorded("no-capacity")
    old = copy.deepcopy(recorded("rolled-out").seen.pods[0])
    old["metadata"]["annotations"][APPLIED] = "before"
    found.seen.pods.append(old)
    found.seen.deployment["status"] |= {
        "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
    }  # fmt: skip
    progress = measure_progress(found.seen, found.applied, Mode.STANDARD)
    assert progress.sentence == "new pods to be ready (0 of 1 are)"


def test_an_old_pod_that_may_still_answer_is_waited_for(recorded: Read) -> None:
    """The Deployment no longer counts it."""
    found = recorded("rolled-out")
    old = copy.deepcopy(found.seen.pods[0])
    old["metadata"]["annotations"][APPLIED] = "before"
    old["metadata"]["labels"] = {"component": "predictor"}
    found.seen.pods.append(old)
    progress = measure_progress(found.seen, found.applied, Mode.STANDARD)
    assert not progress.done
    assert progress.sentence == "1 old pod to terminate"

    find_condition(old, "Ready")["status"] = "False"  # lost with its node
    assert measure_progress(found.seen, found.applied, Mode.STANDARD).done


def test_a_service_that_is_not_ready_is_not_done(recorded: Read) -> None:
    found = recorded("rolled-out")
    condition = found.seen.condition("Ready")
    condition.update(status="False", message="no ingress")
    progress = measure_progress(found.seen, found.applied, Mode.STANDARD)
    assert not progress.done
    assert (progress.sentence, progress.detail) == (
        "the InferenceService to be Ready", "it is not ready (no ingress)",
    )  # fmt: skip


def test_a_service_that_is_gone_is_not_done(recorded: Read) -> None:
    found = recorded("rolled-out")
    found.seen.service.clear()
    assert not measure_progress(found.seen, found.applied, Mode.STANDARD).done


def test_what_serves_beside_it_is_known_even_when_the_service_forgot(recorded: Read) -> None:
    found = recorded("rolling-out")
    assert found.seen.service["metadata"]["annotations"][VERSION] == "2"
    predecessor = find_predecessor(found.seen, found.applied)
    assert predecessor is not None
    assert predecessor.description == "version 1"
    body = predecessor.body
    assert body["spec"]["predictor"]["model"]["args"] == ["--model-version=1"]
    assert body["metadata"]["annotations"][APPLIED] != found.applied


def test_nothing_serves_beside_what_has_replaced_it(recorded: Read) -> None:
    found = recorded("rolled-out")
    assert find_predecessor(found.seen, found.applied) is None
