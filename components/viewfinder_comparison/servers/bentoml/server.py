"""BentoML with TensorFlow."""

from collections.abc import Mapping

from viewfinder_comparison.servers.answers import read_flat
from viewfinder_comparison.servers.http_requests import post_form
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "-m", "bentoml", "serve", "service:Classifier"),
        *("--host", "127.0.0.1", "--port", str(place.ports[0])),
    ]


def _variables(place: Place) -> Mapping[str, str]:
    return {
        "SAVED_MODEL": str(place.version),
        "BENTOML_HOME": "bentoml-home",
        "BENTOML_DO_NOT_TRACK": "True",
    }


SERVER = Server(
    name="bentoml",
    title="BentoML",
    setup="A worker for each core (`cpu_count`), as its documentation advises for computation.",
    command=_command,
    request=lambda place, photo: post_form("/classify", "photo", photo),
    read_answer=read_flat,
    files=("service.py",),
    packages=("bentoml", "tensorflow"),
    variables=_variables,
    scaling="Workers on one machine; more machines with BentoCloud or Kubernetes.",
    freedom="Any Python within a service; images, health and metrics are there.",
)
