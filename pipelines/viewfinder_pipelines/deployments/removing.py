"""Take a model's service away."""

from dataclasses import dataclass

from viewfinder_components.deployment.cluster import Cluster
from viewfinder_components.deployment.namespace import need_namespace
from viewfinder_components.deployment.undeploy import remove_service


@dataclass(frozen=True)
class Removal:
    """What is to be removed."""

    model: str
    service_name: str = ""
    """Empty for the model's name."""
    namespace: str = ""
    """Empty for the pod's own, or the kubeconfig's."""
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
        """What was done, in a sentence."""
        verb = "is gone" if self.changed else "was not there"
        return f"service {self.service} in namespace {self.namespace} {verb}"


def undeploy(removal: Removal) -> Removed:
    """Remove the service that Viewfinder manages for a model, and wait until it is gone.

    Raises:
        PermanentError: The service is not ours, or permission is missing.
        TransientError: It was not gone in time, or the API server does not answer.
    """
    with Cluster.connect(removal.namespace) as cluster:
        need_namespace(cluster)
        changed = remove_service(cluster, removal.name, removal.model, removal.timeout_seconds)
        return Removed(removal.name, cluster.namespace, changed)
