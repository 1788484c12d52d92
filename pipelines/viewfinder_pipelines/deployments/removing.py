"""Remove a model's service."""

from dataclasses import dataclass

from viewfinder_components.deployment.config import DEFAULT_TARGET
from viewfinder_components.deployment.targets import TARGETS


@dataclass(frozen=True)
class Removal:
    """What to remove."""

    model: str
    service_name: str = ""
    """Empty for the model's name."""
    namespace: str = ""
    """Empty for the pod's own namespace, or the kubeconfig's."""
    timeout_seconds: int = 300

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service_name or self.model


@dataclass(frozen=True)
class Removed:
    """What was done."""

    service: str
    namespace: str
    changed: bool
    """Whether there was anything to remove."""

    @property
    def summary(self) -> str:
        """A summary in a sentence."""
        verb = "was removed" if self.changed else "did not exist"
        return f"service {self.service} in namespace {self.namespace} {verb}"


def undeploy(removal: Removal) -> Removed:
    """Remove the service that Viewfinder manages for a model, and wait until it is gone.

    Raises:
        PermanentError: The service is not ours, or permission is missing.
        TransientError: It was not gone in time, or the API server does not answer.
    """
    with TARGETS[DEFAULT_TARGET].connect(removal.namespace) as target:
        changed = target.remove(removal.name, removal.model, removal.timeout_seconds)
        return Removed(removal.name, target.namespace, changed)
