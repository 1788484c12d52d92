"""Pages of metrics in place of programs that are not to be had, or that need a cluster."""

import time
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from tests.fixtures.loopback import QuietHandler

from viewfinder_serving.container import ContainerCollector

KUBE_STATE_METRICS = {
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_unavailable",
}


class TensorFlowServing(QuietHandler):
    """The page of TensorFlow Serving, which is not to be had as a program: its names and labels."""

    def do_GET(self) -> None:
        """Answer a scrape; everything has moved since the last one."""
        number = int(time.time() * 10)
        prefix = ":tensorflow:serving:request_"
        labels = 'model_name="colour",API="predict",entrypoint="REST"'
        lines = [
            f"# TYPE {prefix}count counter",
            f'{prefix}count{{model_name="colour",status="OK"}} {number}',
            f"# TYPE {prefix}latency histogram",
            *(f'{prefix}latency_bucket{{{labels},le="{le}"}} {number}' for le in (18000, "+Inf")),
            f"{prefix}latency_sum{{{labels}}} {number}",
            f"{prefix}latency_count{{{labels}}} {number}",
        ]
        self.send(200, ("\n".join(lines) + "\n").encode(), "text/plain")


class KubeStateMetrics(QuietHandler):
    """The page of kube-state-metrics, with one Deployment of KServe's."""

    def do_GET(self) -> None:
        """Answer a scrape."""
        labels = '{namespace="shop",deployment="colour-predictor"}'
        text = "".join(f"{name}{labels} 1\n" for name in sorted(KUBE_STATE_METRICS))
        self.send(200, text.encode(), "text/plain")


def write_container(root: Path, periods: int = 2) -> None:
    """Write the files in which a container with limits finds them.

    Args:
        root: The folder in place of the root directory.
        periods: How many of the scheduler's periods have passed; half of them were throttled.
    """
    files = {
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": "1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/cpu.stat": (
            f"nr_periods {periods}\nnr_throttled {periods // 2}\nthrottled_usec 5\n"
        ),
        "sys/fs/cgroup/memory.max": "1000\n",
        "sys/fs/cgroup/memory.current": "500\n",
        "sys/fs/cgroup/memory.stat": "inactive_file 100\n",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def imitate_container(root: Path) -> type[QuietHandler]:
    """Return what answers as a predictor would for its container if that had limits.

    The predictor of the tests has none, unless the tests' own container has.
    """

    class Container(QuietHandler):
        def do_GET(self) -> None:
            write_container(root, periods=int(time.time() * 10))
            registry = CollectorRegistry()
            registry.register(ContainerCollector(root))
            self.send(200, generate_latest(registry), "text/plain")

    return Container
