"""User settings of the deploy step."""

import re
from typing import Annotated, Any, Literal

from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.ranges import Advice, Count, CountFromZero, Text, need_integer
from viewfinder_components.shared_parameters import DEFAULT_TOLERANCE, ModelName, Tolerance
from viewfinder_components.step import Role, Step
from viewfinder_components.storage.model_name import RULE, is_model_name, suggest_name

DEFAULT_TARGET = "kserve"
"""A name in `targets.TARGETS`."""

# A quantity as Kubernetes writes it, as far as CPU and memory need: 500m, 1.5, 512Mi, 1G.
_QUANTITY = re.compile(r"(?=.*[1-9])[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
# RFC 1123: a label for namespaces, a subdomain for service accounts and serving runtimes.
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)


def _advise_mode(_: str, __: Any) -> str:
    return (
        "set Standard for what KServe called RawDeployment, Knative for Serverless, or omit it for "
        "the cluster's default"
    )


_Namespace = Annotated[
    str,
    Text(
        "at most 63 lower-case letters, digits and dashes, starting and ending with a letter or "
        "digit",
        lambda name: not name or _LABEL.fullmatch(name),
    ),
]
_ObjectName = Annotated[
    str,
    Text(
        "at most 253 lower-case letters, digits, dashes and dots, starting and ending with a "
        "letter or digit",
        _SUBDOMAIN.fullmatch,
    ),
]
_ServiceName = Annotated[
    str, Text(RULE, lambda name: not name or is_model_name(name)), Advice(suggest_name)
]
_Cores = Annotated[
    str, Text("a Kubernetes quantity above 0, such as 500m or 2", _QUANTITY.fullmatch)
]
_Memory = Annotated[str, Text("a Kubernetes quantity above 0, such as 512Mi", _QUANTITY.fullmatch)]
_Mode = Annotated[Literal["", "Standard", "Knative"], Advice(_advise_mode)]


@configuration
class DeployConfig:
    """One deployment of one version."""

    version_uri: str
    """The version's URI, as returned by publish: `s3://`, `minio://`, `gs://` or `pvc://`."""

    version_number: Count
    """The version's number, which the predictor reports."""

    model_name: ModelName

    namespace: _Namespace = ""
    """Kubernetes namespace of the service; empty for the namespace of the run.

    Outside a cluster, empty means the kubeconfig's namespace.
    """

    service_name: _ServiceName = ""
    """Name of the service; empty for the model's name."""

    min_replicas: CountFromZero = 1
    """Minimum number of predictor pods; 0, which needs Knative, lets the service scale to zero."""

    max_replicas: Count = 1
    """Maximum number of predictor pods; if above `min_replicas`, the number of pods follows the
    load."""

    predictor_service_account: _ObjectName = "viewfinder-predictor"
    """Service account of the predictor's pods, with the storage credentials."""

    predictor_runtime: _ObjectName = "viewfinder-predictor"
    """Name of the ServingRuntime or ClusterServingRuntime."""

    predictor_cpu: _Cores = "1"
    """CPU request and limit of a predictor pod, in cores."""

    predictor_memory: _Memory = "512Mi"
    """Memory request and limit of a predictor pod."""

    kserve_mode: _Mode = ""
    """KServe's deployment mode, `Standard` or `Knative`; empty for the service's current mode, or
    the cluster's default for a new service."""

    deploy_timeout_seconds: Count = 600
    """Longest time until the new version serves, in seconds, including pulling images."""

    adopt: bool = False
    """Whether to take over a service that Viewfinder does not manage, and fields set by others."""

    tolerance: Tolerance = DEFAULT_TOLERANCE

    compare: bool = True
    """Whether to compare the answers to the test photos kept with the version with the
    evaluation's."""

    patience_seconds: Annotated[CountFromZero, INTERNAL] = 120
    """How long to wait for problems that may pass, in seconds: a storage that does not answer, no
    room on any node. Adding a node for a pod takes about this long."""

    target: Annotated[str, INTERNAL] = DEFAULT_TARGET
    """Name of the deployment target, as in `targets.TARGETS`."""

    def __post_init__(self) -> None:
        need_integer("max_replicas", self.max_replicas, max(1, self.min_replicas))

    @property
    def name(self) -> str:
        """Name of the service."""
        return self.service_name or self.model_name


STEP = Step("deploy", (DeployConfig,), role=Role.SERVICE)
