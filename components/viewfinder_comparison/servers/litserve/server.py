"""LitServe with TensorFlow."""

from collections.abc import Mapping

from viewfinder_comparison.servers.answers import read_flat
from viewfinder_comparison.servers.http_requests import encode, post_json
from viewfinder_comparison.servers.server import Place, Server


def _variables(place: Place) -> Mapping[str, str]:
    return {
        "SAVED_MODEL": str(place.version),
        "PORT": str(place.ports[0]),
        "WORKERS": str(place.cores),
    }


SERVER = Server(
    name="litserve",
    title="LitServe",
    setup="A worker for each core, without batching, which would delay lone requests.",
    command=lambda place: [str(place.program), "app.py"],
    request=lambda place, photo: post_json("/predict", {"photo": encode(photo)}),
    read_answer=read_flat,
    files=("app.py",),
    packages=("litserve", "tensorflow"),
    variables=_variables,
    scaling="Workers on one machine; more machines with Lightning's cloud or by hand.",
    freedom="Any Python within a `LitAPI`; batching and health are there.",
)
