"""Explain in a sentence why a step's pod has not started."""

from viewfinder_components.deployment.kubernetes.slow_node import is_slow_node
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_pipelines.kubeflow.workflow_step import WorkflowStep

# Kubernetes' reasons (kubelet's errors of pkg/kubelet/images, and of a pod's conditions).
_IMAGE = {
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
}
_ON_THE_WAY = {"", "ContainerCreating", "PodInitializing"}
_UNSCHEDULABLE = "Unschedulable"
_CONFIGURATION = {"CreateContainerConfigError", "CreateContainerError"}
_QUOTA = "exceeded quota"  # the API server's; Argo keeps the whole sentence as the node's message
_LONGEST = 300


def explain_waiting(step: WorkflowStep) -> ViewfinderError | None:
    """Return why the newest pod of a step waits; None if it does not, or is starting.

    The error is transient if it may pass by itself, such as a quota that is used up.
    """
    pod = step.pod
    reason, _, detail = pod.message.partition(":")
    if not pod.waits or step.state != "running" or pod.message in _ON_THE_WAY:
        return None
    if reason in _IMAGE:
        image = step.image if step.pods and step.image else "of the step's pod"
        return PermanentError(
            f"the image {image} on a node",
            f"{reason}: {_shorten(detail, 150)}" if detail else reason,
            "correct `image` under [steps] in the settings file, or give the pods `pull_secrets`",
        )
    if _QUOTA in pod.message:
        return TransientError(
            f"room in the namespace's quota for step {step.name}",
            _shorten(_QUOTA + pod.message.partition(_QUOTA)[2]),
            f"wait for other pods to end, request less in [steps.{step.task}], or have the quota "
            "raised",
        )
    if reason == _UNSCHEDULABLE:
        return TransientError(
            f"a node with room for step {step.name}",
            _shorten(detail),
            f"wait for other pods to end, request less in [steps.{step.task}], or add a node",
        )
    if reason in _CONFIGURATION and not is_slow_node(detail):
        return PermanentError(
            f"the objects named in the pod of step {step.name} to exist",
            _shorten(detail) or reason,
            "correct the secrets and volumes under [steps] in the settings file, or create them",
        )
    return TransientError(
        f"the pod of step {step.name} to start",
        _shorten(pod.message),
        f"see `kubectl describe pod {pod.name}`",
    )


def _shorten(text: str, longest: int = _LONGEST) -> str:
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[:longest]} ..."
