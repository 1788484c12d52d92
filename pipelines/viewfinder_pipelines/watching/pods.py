"""The metrics of a service's pods, through the Kubernetes API server's proxy."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_components.deployment.kubernetes.cluster import Cluster, Object
from viewfinder_components.deployment.kubernetes.namespace import need_namespace
from viewfinder_components.deployment.kubernetes.refusals import ForbiddenError
from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_components.spelling import spell, write_command
from viewfinder_pipelines.watching.reading import Reading, read_all
from viewfinder_pipelines.watching.samples import read_samples, total

_MOST_AT_A_TIME = 10  # connections that `Cluster` keeps
_PORT = "prometheus.kserve.io/port"
_ENDED = ("Succeeded", "Failed")


@contextmanager
def open_pods(service: str, namespace: str) -> Iterator["Pods"]:
    """Let the pods of a service be read while the block runs.

    Args:
        service: The name of the InferenceService.
        namespace: Its namespace.

    Raises:
        PermanentError: There is no such service or no cluster, or it does not let us look.
        TransientError: The cluster does not answer.
    """
    with Cluster.connect(namespace) as cluster, ThreadPoolExecutor(_MOST_AT_A_TIME) as pool:
        need_namespace(cluster)
        if cluster.get(cluster.path(SERVING, "inferenceservices", service)) is None:
            raise PermanentError(
                f"an InferenceService {service} in namespace {cluster.namespace}",
                "none",
                f"correct its name or {spell('namespace')}, or deploy it with "
                f"`{write_command('deploy', 'MODEL')}`",
            )
        yield Pods(cluster, service, pool)


class Pods:
    """Finds the pods of a service, and reads them."""

    def __init__(self, cluster: Cluster, service: str, pool: ThreadPoolExecutor) -> None:
        self._cluster, self._pool = cluster, pool
        self._labels = f"serving.kserve.io/inferenceservice={service},component=predictor"

    def read(self) -> dict[str, Reading]:
        """Return what each pod says now, by its name.

        Raises:
            PermanentError: The cluster does not let us look.
            TransientError: It does not answer.
        """
        listed = self._cluster.list(
            self._cluster.path("/api/v1", "pods"), labelSelector=self._labels
        )
        pods = [pod for pod in listed if _phase(pod) not in _ENDED]
        readings = read_all(self._pool, self._read_pod, pods)
        names = [str(pod["metadata"]["name"]) for pod in pods]
        return dict(zip(names, readings, strict=True))

    def _read_pod(self, pod: Object) -> Reading:
        if _phase(pod) != "Running":
            return Reading.of_problem(f"its pod is {_phase(pod) or 'new'}")
        metadata = pod["metadata"]
        port = (metadata.get("annotations") or {}).get(_PORT, "8080")
        path = self._cluster.path("/api/v1", "pods", f"{metadata['name']}:{port}")
        try:
            samples = read_samples(self._cluster.text(f"{path}/proxy/metrics"))
        except ForbiddenError:
            raise
        except ViewfinderError as error:
            return Reading.of_problem(error.received)
        except ValueError:
            samples = {}
        if total(samples, "viewfinder_ready") is None:
            return Reading.of_problem("it has no metrics of Viewfinder's predictor")
        return Reading.of_samples(samples)


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", ""))
