"""TensorFlow Serving, which its user installs."""

from collections.abc import Mapping
from pathlib import Path

from viewfinder_comparison.servers.answers import read_v1
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_comparison.servers.server import Place, Server

_MODELS = "models"


def _command(place: Place) -> list[str]:
    return [
        str(place.program),
        f"--rest_api_port={place.ports[0]}",
        f"--port={place.ports[1]}",
        f"--model_name={place.model_name}",
        f"--model_base_path={place.folder.absolute() / _MODELS}",
    ]


def _links(version: Path) -> Mapping[str, Path]:
    """Return a model's folder with this version alone: of several, the newest would be served."""
    return {f"{_MODELS}/1": version}


SERVER = Server(
    name="tensorflow-serving",
    title="TensorFlow Serving",
    setup="`tensorflow_model_server` with its default options and the SavedModel, which decodes "
    "the photos.",
    command=_command,
    request=lambda place, photo: post_instance(place.model_name, photo, place.host),
    read_answer=read_v1,
    installed="by its user",
    variables=lambda place: {},
    links=_links,
    ports=2,
    scaling="Kubernetes by hand, or KServe.",
    freedom="Options and signatures only; protocols, batching, versions and metrics are there.",
)
