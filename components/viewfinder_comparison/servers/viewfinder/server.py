"""Viewfinder's own predictor."""

from collections.abc import Mapping

from viewfinder_comparison.servers.answers import read_v1
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.python), "-P", "-m", "viewfinder_serving"),
        *("--model-dir", str(place.version), "--model-name", place.model_name),
        *("--host", "127.0.0.1", "--port", str(place.ports[0]), "--no-access-log"),
        *("--precision", "f32"),  # as the other servers: the same answers
    ]


def _variables(place: Place) -> Mapping[str, str]:
    return {}


SERVER = Server(
    name="viewfinder",
    title="Viewfinder",
    setup="One process with its default options, as the command `serve` starts it; OpenVINO, f32.",
    command=_command,
    request=lambda place, photo: post_instance(place.model_name, photo),
    read_answer=read_v1,
    packages=("kserve", "openvino"),
    own_environment=False,
    variables=_variables,
    scaling="KServe on Kubernetes: replicas, scale to zero, canaries.",
    freedom="Options only: limits, explanations, protocols, health and metrics are there.",
)
