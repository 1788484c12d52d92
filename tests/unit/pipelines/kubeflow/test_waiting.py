"""Why a pod has not started, in one sentence with the remedy; the messages are Argo's."""

import pytest

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_pipelines.kubeflow.waiting import explain_waiting
from viewfinder_pipelines.kubeflow.workflow_step import Pod, WorkflowStep

DRIVER = Pod("driver", "succeeded", None, None, "")
QUOTA = (
    'pods "viewfinder-training-x-system-container-driver-1" is forbidden: exceeded quota: '
    "full, requested: cpu=100m, used: cpu=2, limited: cpu=2"
)


def a_step(message: str, **changes: object) -> WorkflowStep:
    pod = Pod("pod", "running", None, None, message, waits=True)
    values = {"name": "train", "state": "running", "driver": DRIVER, "pods": (pod,), **changes}
    return WorkflowStep(**{"image": "registry.example/steps:1", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "kind", "sentence"),
    [
        ("ImagePullBackOff: Back-off pulling image", PermanentError, "registry.example/steps:1"),
        ("InvalidImageName", PermanentError, "received InvalidImageName; correct `image`"),
        ("Unschedulable: 0/1 nodes are available", TransientError, "request less in [steps.train]"),
        (QUOTA, TransientError, "received exceeded quota: full, requested: cpu=100m"),
        ('CreateContainerConfigError: secret "s" not found', PermanentError, 'secret "s" not'),
        (
            "CreateContainerConfigError: failed to sync secret cache: timed out waiting for the "
            "condition",
            TransientError,
            "failed to sync secret cache",
        ),
        ("Evicted: low on memory", TransientError, "see `kubectl describe pod pod`"),
    ],
)
def test_a_reason(message: str, kind: type[Exception], sentence: str) -> None:
    error = explain_waiting(a_step(message))
    assert type(error) is kind
    assert sentence in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("message", ["", "ContainerCreating", "PodInitializing"])
def test_a_pod_on_its_way_does_not_wait(message: str) -> None:
    assert explain_waiting(a_step(message)) is None


def test_a_driver_may_wait_as_well() -> None:
    driver = Pod("driver", "running", None, None, QUOTA, waits=True)
    assert "quota" in str(explain_waiting(a_step("", driver=driver, pods=())))


def test_a_long_message_is_one_short_sentence() -> None:
    error = explain_waiting(a_step("ErrImagePull: " + "failed to resolve\n" * 100))
    assert len(str(error)) < 400


def test_an_ended_step_does_not_wait() -> None:
    assert explain_waiting(a_step("ImagePullBackOff", state="failed")) is None


def test_a_step_in_a_loop_has_the_settings_of_its_name_in_the_pipeline() -> None:
    step = a_step("Unschedulable: 0/1 nodes are available", name="train-2[0]")
    reason = str(explain_waiting(step))
    assert "a node with room for step train-2[0]" in reason
    assert "in [steps.train-2]" in reason
