"""The rows of pods, their starts, and what they take of the processor and the memory."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.panels import draw_lines
from dashboards.queries import (
    PREDICTORS,
    SERVICE,
    Query,
    count_restarts,
    memory_share,
    rate,
    select,
    select_deployments,
    throttled_share,
)
from dashboards.subjects import Limit, Subject


def draw_pods() -> list[Builder[Panel]]:
    """Return the number of pods, their restarts and how long a start took."""
    replicas = Subject(
        "Pods",
        "Pods that Kubernetes should have and those that are not available (both need "
        "kube-state-metrics), pods that answer Prometheus, and predictors that are ready. In mode "
        "Knative there are none without requests.",
        (
            Query(f"sum({select_deployments('kube_deployment_spec_replicas')})", "wanted"),
            Query(
                f"sum({select_deployments('kube_deployment_status_replicas_unavailable')})",
                "unavailable",
            ),
            Query(f"sum({select('up', PREDICTORS)})", "answer Prometheus"),
            Query(f"sum({select('viewfinder_ready')})", "ready"),
        ),
        runbooks=(
            "ViewfinderTargetDown",
            "ViewfinderTargetAbsent",
            "ViewfinderNotReady",
            "ViewfinderRolloutStuck",
        ),
    )
    restarts = Subject(
        "Restarts in the last hour",
        "How often a pod's container was started again. TensorFlow Serving does not tell.",
        (Query(count_restarts(SERVICE), "{{pod}}"),),
        limits=(Limit("ViewfinderRestarting"),),
    )
    starts = Subject(
        "Time to start",
        "From the start of the process until it was ready, and of this, the time to read and "
        "compile the model. A cold start also has to schedule the pod, and to fetch its image and "
        "the model.",
        (
            Query(select("viewfinder_start_seconds"), "start, {{pod}}"),
            Query(select("viewfinder_model_load_seconds"), "of this the model, {{pod}}"),
        ),
        units.Seconds,
    )
    return [draw_lines(subject, span=8) for subject in (replicas, restarts, starts)]


def draw_resources() -> list[Builder[Panel]]:
    """Return what the pods use, compared with their limits."""
    processor = Subject(
        "Processor",
        "Cores in use by a pod, and its limit if it has one.",
        (
            Query(rate("process_cpu_seconds_total"), "{{pod}}"),
            Query(select("viewfinder_container_cpu_limit_cores"), "limit, {{pod}}"),
        ),
    )
    throttled = Subject(
        "Throttling",
        "The share of the scheduler's periods in which a pod used up its limit of processor time.",
        (Query(throttled_share(SERVICE), "{{pod}}"),),
        units.PercentUnit,
        limits=(Limit("ViewfinderThrottled"),),
    )
    memory = Subject(
        "Memory",
        "Memory in use, without files that the kernel can drop, and the limit if there is one.",
        (
            Query(select("viewfinder_container_memory_bytes"), "{{pod}}"),
            Query(select("viewfinder_container_memory_limit_bytes"), "limit, {{pod}}"),
        ),
        units.BytesIEC,
    )
    share = Subject(
        "Share of the memory's limit",
        "At 100%, Kubernetes kills the container.",
        (Query(memory_share(SERVICE), "{{pod}}"),),
        units.PercentUnit,
        limits=(Limit("ViewfinderMemoryHigh"),),
    )
    return [draw_lines(subject, span=6) for subject in (processor, throttled, memory, share)]
