"""mosec with TensorFlow."""

from collections.abc import Mapping

from viewfinder_comparison.servers.answers import read_flat
from viewfinder_comparison.servers.http_requests import post
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "app.py"),
        *("--address", "127.0.0.1", "--port", str(place.ports[0])),
    ]


def _variables(place: Place) -> Mapping[str, str]:
    return {"SAVED_MODEL": str(place.version), "WORKERS": str(place.cores)}


SERVER = Server(
    name="mosec",
    title="mosec",
    setup="A worker for each core, with batches of up to 8 photos that wait for 1 ms.",
    command=_command,
    request=lambda place, photo: post("/inference", "image/jpeg", photo),
    read_answer=read_flat,
    files=("app.py",),
    packages=("mosec", "tensorflow"),
    variables=_variables,
    scaling="Workers and stages on one machine; more machines with Kubernetes, by hand.",
    freedom="Any Python within a `Worker`; batching, health and metrics are there.",
)
