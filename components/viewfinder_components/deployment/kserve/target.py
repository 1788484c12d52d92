"""The KServe target: one namespace of a cluster."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.kserve.earlier_version import find_earlier
from viewfinder_components.deployment.kserve.rollout import KServeRollout, prepare_rollout
from viewfinder_components.deployment.kserve.storage_uri import to_kserve_uri
from viewfinder_components.deployment.kserve.undeploy import remove_service
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.deployment.kubernetes.namespace import need_namespace


@dataclass(frozen=True)
class KServeTarget:
    """A `Target` whose services are InferenceServices."""

    cluster: Cluster

    @staticmethod
    def need_servable(version_uri: str) -> None:
        """Refuse a URI that KServe's storage initializer does not know."""
        to_kserve_uri(version_uri)

    @classmethod
    def connect(cls, namespace: str) -> Self:
        """Find the cluster as `Cluster.connect` does."""
        return cls(Cluster.connect(namespace))

    @property
    def namespace(self) -> str:
        """The namespace of the InferenceServices."""
        return self.cluster.namespace

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cluster.close()

    def prepare(self, config: DeployConfig, deadline: float) -> KServeRollout:
        """Examine the cluster and the service."""
        return prepare_rollout(self.cluster, config, deadline)

    def find_earlier(self, service: str, model: str, number: int) -> DeployConfig:
        """Search the service's ConfigMap."""
        need_namespace(self.cluster)
        return find_earlier(self.cluster, service, model, number)

    def remove(self, service: str, model: str, timeout_seconds: float) -> bool:
        """Remove the InferenceService and everything that belongs to it."""
        need_namespace(self.cluster)
        return remove_service(self.cluster, service, model, timeout_seconds)
