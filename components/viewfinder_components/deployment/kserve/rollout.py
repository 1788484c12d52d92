"""The rollout of one version behind an InferenceService."""

from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.kserve.applied import read_applied
from viewfinder_components.deployment.kserve.apply import apply_service, deleted_error, read_service
from viewfinder_components.deployment.kserve.changed_settings import find_changed_settings
from viewfinder_components.deployment.kserve.history import remember
from viewfinder_components.deployment.kserve.kserve_version import KServe, Mode, detect_kserve
from viewfinder_components.deployment.kserve.observation.observe import observe
from viewfinder_components.deployment.kserve.predecessor import (
    Predecessor,
    find_predecessor,
    put_back,
)
from viewfinder_components.deployment.kserve.route import find_route
from viewfinder_components.deployment.kserve.runtime import Runtime, find_runtime
from viewfinder_components.deployment.kserve.service import APPLIED, build_service
from viewfinder_components.deployment.kserve.waiting import Waiting
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.namespace import need_namespace
from viewfinder_components.deployment.route import Route
from viewfinder_components.deployment.target import Restored
from viewfinder_components.errors import PermanentError


@dataclass(frozen=True)
class KServeRollout:
    """A `Rollout` that applies an InferenceService."""

    cluster: Cluster
    config: DeployConfig
    deadline: float
    kserve: KServe
    runtime: Runtime
    applied: Object
    """The InferenceService."""
    before: Object
    """The InferenceService as it was found; empty if there was none."""
    replaced: Predecessor | None

    @property
    def changes(self) -> bool:
        """Whether the service was a different one, or there was none."""
        return read_applied(self.before) != self._annotation

    @property
    def changed_settings(self) -> list[str]:
        """The parameters that differ from those of the service that was found."""
        return find_changed_settings(self.before, self.config)

    @property
    def predecessor(self) -> str | None:
        """The version that ReplicaSets or revisions show to be serving besides it."""
        return self.replaced.description if self.replaced else None

    @property
    def reports_version(self) -> bool:
        """Whether the runtime runs our predictor, which reports its version."""
        return self.runtime.reports_version

    @property
    def found(self) -> dict[str, Any]:
        """The KServe that was found."""
        return {
            "kserve": {
                "version": ".".join(map(str, self.kserve.version)),
                "mode": self.kserve.mode.value,
                "unread": list(self.kserve.unread),
            }
        }

    def apply(self) -> None:
        """Apply the InferenceService."""
        apply_service(self.cluster, self.applied, adopt=self.config.adopt)

    def is_applied(self) -> bool:
        """Whether the InferenceService is the one that was applied."""
        return read_applied(read_service(self.cluster, self.config.name)) == self._annotation

    def wait(self) -> None:
        """Wait until the new pods serve, and nothing else does."""
        Waiting(
            self.cluster, self.config.name, self._annotation, self.kserve.mode,
            self.config.patience_seconds, self.deadline,
        ).wait()  # fmt: skip

    def find_route(self) -> Route:
        """Find the way to the service, through the API server if this is not one of its pods."""
        service = read_service(self.cluster, self.config.name)
        if service is None:
            raise deleted_error(self.config.name)
        return find_route(self.cluster, service)

    def restore(self) -> Restored:
        """Apply the predecessor's InferenceService."""
        if self.replaced is None:
            return Restored.NOTHING
        return put_back(self.cluster, self.replaced, self._annotation, self.kserve.mode)

    def remember(self, by: Deed) -> None:
        """Add the version to the service's ConfigMap."""
        before = read_applied(self.replaced.body) if self.replaced else None
        remember(self.cluster, self.config.name, self._annotation, by, before)

    @property
    def _annotation(self) -> str:
        return str(self.applied["metadata"]["annotations"][APPLIED])


def prepare_rollout(cluster: Cluster, config: DeployConfig, deadline: float) -> KServeRollout:
    """Examine the cluster and the service, and refuse what KServe would ignore.

    Args:
        cluster: Where to deploy.
        config: What to deploy.
        deadline: On the monotonic clock, in seconds.

    Raises:
        PermanentError: Namespace, KServe, runtime or mode is missing or unsuitable.
        TransientError: The API server does not answer.
    """
    need_namespace(cluster)
    seen = observe(cluster, config.name)
    kserve = detect_kserve(cluster, seen.service, config.kserve_mode)
    runtime = find_runtime(cluster, config.predictor_runtime)
    body = build_service(config, cluster.namespace, kserve, runtime)
    _need_autoscaling(cluster, config, kserve)
    replaced = find_predecessor(seen, body["metadata"]["annotations"][APPLIED])
    return KServeRollout(cluster, config, deadline, kserve, runtime, body, seen.service, replaced)


def _need_autoscaling(cluster: Cluster, config: DeployConfig, kserve: KServe) -> None:
    """Refuse bounds within which nothing would scale: the autoscaler needs metrics."""
    fixed = config.min_replicas == config.max_replicas
    if kserve.mode is Mode.KNATIVE or fixed or cluster.get("/apis/metrics.k8s.io/v1beta1"):
        return
    raise PermanentError(
        "a metrics server on the cluster, for max_replicas above min_replicas",
        "none, so that the number of pods would stay at min_replicas",
        "install metrics-server, or set max_replicas to min_replicas",
    )
