"""MLServer with TensorFlow."""

from collections.abc import Mapping

from viewfinder_comparison.servers.answers import read_v2
from viewfinder_comparison.servers.http_requests import encode, post_json
from viewfinder_comparison.servers.server import Place, Server


def _request(place: Place, photo: bytes) -> bytes:
    tensor = {
        "name": "photo",
        "shape": [1, 1],
        "datatype": "BYTES",
        "parameters": {"content_type": "base64"},
        "data": [encode(photo)],
    }
    return post_json("/v2/models/classifier/infer", {"inputs": [tensor]})


def _variables(place: Place) -> Mapping[str, str]:
    http, grpc, metrics = map(str, place.ports)
    return {
        "SAVED_MODEL": str(place.version),
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": http,
        "MLSERVER_GRPC_PORT": grpc,
        "MLSERVER_METRICS_PORT": metrics,
        "MLSERVER_PARALLEL_WORKERS": str(place.cores),
    }


SERVER = Server(
    name="mlserver",
    title="MLServer",
    setup="A worker for each core, with batches of up to 8 photos that wait for 1 ms.",
    command=lambda place: [str(place.program.with_name("mlserver")), "start", "."],
    request=_request,
    read_answer=read_v2,
    files=("model.py", "model-settings.json"),
    packages=("mlserver", "tensorflow"),
    variables=_variables,
    ports=3,
    scaling="Seldon Core or KServe on Kubernetes.",
    freedom="Any Python within a runtime; the protocol, batching and metrics are there.",
)
