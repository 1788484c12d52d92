"""From what a cluster says to a sentence with a remedy."""

from collections.abc import Callable

import pytest
from tests.unit.deployment.kserve.conftest import Recorded

from viewfinder_components.deployment.kserve.observation.diagnosis import diagnose
from viewfinder_components.errors import PermanentError, TransientError

Read = Callable[[str], Recorded]


@pytest.mark.parametrize(
    ("moment", "kind", "waits", "expected", "received", "remedy"),
    [
        ("image-not-on-the-node", PermanentError, False, "the image localhost/none:1",
         "not present", "correct the ServingRuntime's image"),
        ("registry-away", TransientError, True, "the image localhost/none:1",
         "connection refused", "imagePullSecret"),
        ("storage-403", PermanentError, False, "storage initializer to fetch s3://bucket/",
         "a refusal: S3 error for s3://bucket/models/fruit/1/: An error occurred (403)",
         "ServiceAccount viewfinder-predictor"),
        ("version-missing", PermanentError, False, "storage initializer",
         "nothing there: Storage initialization failed: Failed to fetch model", "publish"),
        ("bucket-404", PermanentError, False, "storage initializer", "(404)", "publish"),
        ("storage-away", TransientError, True, "storage initializer",
         "a storage that did not answer", "check that the storage is running"),
        ("wrong-layout", PermanentError, False, "the predictor to serve s3://",
         "received no model.xml, model.bin, labels.json", "publish the model again"),
        ("damaged-file", PermanentError, False, "the predictor to serve s3://",
         "its refusal", "publish the model again"),
        ("crash-loop", PermanentError, False, "container kserve-container to keep running",
         "3 exits, the last with code 7", "see its log"),
        ("out-of-memory", PermanentError, False, "48Mi of memory", "OOMKilled",
         "predictor_memory="),
        ("quota", PermanentError, False,
         "room for requests.memory=400Mi in the namespace's ResourceQuota small",
         "requests.memory=0 of requests.memory=100Mi in use",
         "raise the quota, deploy with a smaller predictor_memory, or remove"),
        ("pod-security", PermanentError, False, "pod security standard", "runAsNonRoot",
         "apply the ServingRuntime of manifests/base"),
        ("no-capacity", TransientError, True, "room for the predictor's pod",
         "pod fruit-predictor-7c8cc7f859-svvbr is Pending: 0/1 nodes are available: 1 Insufficient",
         "a smaller request than cpu 500, memory 400Mi (predictor_cpu=\"500m\""),
        ("claim-missing", PermanentError, False, "PersistentVolumeClaim nobodys",
         "not found", "deploy to the claim's namespace"),
        ("account-missing", PermanentError, False, "ServiceAccount", 'serviceaccount "nobody"',
         "predictor_service_account=NAME"),
    ],
)  # fmt: skip
def test_each_problem_has_its_sentence(
    recorded: Read,
    moment: str,
    kind: type[Exception],
    waits: bool,
    expected: str,
    received: str,
    remedy: str,
) -> None:
    found = recorded(moment)
    diagnosis = diagnose(found.seen, found.applied)
    assert diagnosis is not None
    assert type(diagnosis.error) is kind
    assert diagnosis.waits is waits
    assert expected in diagnosis.error.expected
    assert received in diagnosis.error.received
    assert remedy in diagnosis.error.remedy


def test_another_deployments_problem_is_not_ours(recorded: Read) -> None:
    assert diagnose(recorded("wrong-layout").seen, "another") is None


def test_nothing_is_wrong_while_pods_start(recorded: Read) -> None:
    found = recorded("rolling-out")
    assert diagnose(found.seen, found.applied) is None


def test_one_crash_is_waited_for_three_are_not(recorded: Read) -> None:
    found = recorded("crash-loop")
    (pod,) = found.seen.pods
    status = pod["status"]["containerStatuses"][0]
    status["restartCount"] = 1
    status["lastState"] = {"terminated": {"exitCode": 137, "reason": "Error"}}
    status["state"] = {"running": {}}
    diagnosis = diagnose(found.seen, found.applied)
    assert diagnosis is not None
    assert diagnosis.waits


@pytest.mark.parametrize(
    ("reason", "message", "waits"),
    [
        ("CreateContainerConfigError", 'secret "nobodys" not found', False),
        ("CreateContainerConfigError", "container has runAsNonRoot, image runs as root", False),
        ("CreateContainerConfigError", "failed to sync configmap cache: timed out waiting for the "
         "condition", True),
        ("CreateContainerError", "context deadline exceeded", True),
        ("CreateContainerError", 'failed to reserve container name "fruit": name "fruit" is '
         'reserved for "0f"', True),
    ],
)  # fmt: skip
def test_a_slow_node_is_waited_for(recorded: Read, reason: str, message: str, waits: bool) -> None:
    found = recorded("crash-loop")
    (pod,) = found.seen.pods
    pod["status"]["containerStatuses"][0]["state"] = {
        "waiting": {"reason": reason, "message": message}
    }
    diagnosis = diagnose(found.seen, found.applied)
    assert diagnosis is not None
    assert diagnosis.waits is waits
    assert type(diagnosis.error) is (TransientError if waits else PermanentError)
    assert message in diagnosis.error.received


def test_the_last_log_lines_are_told(recorded: Read) -> None:
    found = recorded("crash-loop")
    diagnosis = diagnose(found.seen, found.applied)
    assert diagnosis is not None
    log = "\n".join(f"line {number}" for number in range(9))
    error = diagnosis.with_log(log)
    assert type(error) is PermanentError
    assert "line 4 | line 5 | line 6 | line 7 | line 8" in error.received
    assert "line 3" not in error.received
    assert diagnosis.with_log(" \n") is diagnosis.error
