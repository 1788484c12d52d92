"""What a user may set about a deployment."""

import re
from dataclasses import dataclass

from viewfinder_components.deployment.kserve_version import Mode
from viewfinder_components.deployment.storage_uri import to_kserve_uri
from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import need_integer, need_number
from viewfinder_components.storage.model_name import validate_model_name

# A quantity as Kubernetes writes it, as far as CPU and memory need: 500m, 1.5, 512Mi, 1G.
_QUANTITY = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
# RFC 1123: a label for namespaces, a subdomain for service accounts and serving runtimes.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)

_QUANTITY_RULE = "a Kubernetes quantity above 0"
_LABEL_RULE = "at most 63 lower-case letters, digits and dashes, a letter or digit first and last"
_SUBDOMAIN_RULE = (
    "at most 253 lower-case letters, digits, dashes and dots, a letter or digit first and last"
)


@dataclass(frozen=True)
class DeployConfig:
    """One deployment of one version.

    Raises:
        ParameterError: A value is out of its range.
    """

    version_uri: str
    """The version's URI, as publish returned it: `s3://`, `minio://`, `gs://` or `pvc://`."""

    version_number: int
    """The version's number, at least 1; the predictor reports it."""

    model_name: str
    """The model's name, as `validate_model_name` wants it."""

    namespace: str = ""
    """Kubernetes namespace; empty for the pod's own, or the kubeconfig's."""

    service_name: str = ""
    """Name of the InferenceService; empty for the model's name."""

    service_account: str = "viewfinder-predictor"
    """ServiceAccount of the predictor's pods: it carries the credentials of the storage."""

    runtime: str = "viewfinder-predictor"
    """ServingRuntime, or ClusterServingRuntime, that serves."""

    min_replicas: int = 1
    """Fewest pods, at least 0; 0 scales to zero, which Knative only can."""

    max_replicas: int = 1
    """Most pods, at least 1; above `min_replicas` they follow the load."""

    cpu: str = "1"
    """Cores of a pod, requested and at most, as a Kubernetes quantity."""

    memory: str = "512Mi"
    """Memory of a pod, requested and at most, as a Kubernetes quantity."""

    timeout_seconds: int = 600
    """Longest time until the new version answers, in seconds; it covers images being pulled."""

    tolerance: float = 0.02
    """Largest difference of a served probability from the evaluation's, 0 to 1."""

    adopt: bool = False
    """Whether to take over a service of this name that is not ours, and fields others have set."""

    compare: bool = True
    """Whether the service's answers to test photos are compared with the evaluation's."""

    patience_seconds: int = 120
    """How long to wait for what may pass by itself, in seconds: a storage that does not answer, no
    room on any node. A node that is added for a pod takes about this long."""

    mode: str = ""
    """KServe's mode, `Standard` or `Knative`; empty for the one that the service has, and for a new
    service the cluster's."""

    def __post_init__(self) -> None:
        validate_model_name(self.model_name)
        validate_model_name(self.name, "service_name" if self.service_name else "model_name")
        to_kserve_uri(self.version_uri)
        need_integer("version_number", self.version_number, 1)
        if self.namespace:
            _need_match("namespace", self.namespace, _LABEL, _LABEL_RULE)
        _need_match("predictor_service_account", self.service_account, _SUBDOMAIN, _SUBDOMAIN_RULE)
        _need_match("predictor_runtime", self.runtime, _SUBDOMAIN, _SUBDOMAIN_RULE)
        self._need_mode()
        need_integer("min_replicas", self.min_replicas, 0)
        need_integer("max_replicas", self.max_replicas, max(1, self.min_replicas))
        _need_match("predictor_cpu", self.cpu, _QUANTITY, f"{_QUANTITY_RULE}, such as 500m or 2")
        _need_match("predictor_memory", self.memory, _QUANTITY, f"{_QUANTITY_RULE}, such as 512Mi")
        need_integer("deploy_timeout_seconds", self.timeout_seconds, 1)
        need_integer("patience_seconds", self.patience_seconds, 0)
        need_number("tolerance", self.tolerance, 0, 1)

    def _need_mode(self) -> None:
        if self.mode not in ("", *(mode.value for mode in Mode)):
            raise ParameterError(
                "kserve_mode",
                "Standard, Knative or empty",
                self.mode,
                "set Standard for what KServe called RawDeployment, Knative for Serverless, or "
                "leave it out for the cluster's default",
            )

    @property
    def name(self) -> str:
        """Name of the InferenceService."""
        return self.service_name or self.model_name


def _need_match(name: str, value: str, pattern: re.Pattern[str], rule: str) -> None:
    if not pattern.fullmatch(value):
        raise ParameterError(name, rule, value)
