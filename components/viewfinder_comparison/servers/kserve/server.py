"""KServe's stock model server with TensorFlow."""

from viewfinder_comparison.servers.answers import read_v1
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "app.py", "--model_name", place.model_name),
        *("--http_port", str(place.ports[0]), "--enable_grpc", "false"),
    ]


SERVER = Server(
    name="kserve",
    title="KServe's model server",
    setup="One process, with a `Model` as KServe's documentation has it.",
    command=_command,
    request=lambda place, photo: post_instance(place.model_name, photo),
    read_answer=read_v1,
    files=("app.py",),
    packages=("kserve", "tensorflow"),
    scaling="KServe on Kubernetes: replicas, scale to zero, canaries.",
    freedom="Any Python within a `Model`; protocols, health and metrics are there.",
)
