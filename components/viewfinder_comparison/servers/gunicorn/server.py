"""The Flask server behind gunicorn."""

from collections.abc import Mapping

from viewfinder_comparison.servers.answers import read_flat
from viewfinder_comparison.servers.http_requests import post_form
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "-m", "gunicorn", "app:app", "--bind", f"127.0.0.1:{place.ports[0]}"),
        *("--workers", str(place.cores), "--threads", "4"),
    ]


def _variables(place: Place) -> Mapping[str, str]:
    # Each worker computes on one core: with TensorFlow's default, each would use all of them.
    return {
        "SAVED_MODEL": str(place.version),
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
    }


SERVER = Server(
    name="gunicorn",
    title="Flask behind gunicorn",
    setup="A worker for each core with four threads, each worker computing on one core.",
    command=_command,
    request=lambda place, photo: post_form("/infer", "photo", photo),
    read_answer=read_flat,
    files=("app.py",),
    packages=("flask", "gunicorn", "tensorflow"),
    folder="flask",
    variables=_variables,
    scaling="Workers on one machine; more machines with a load balancer of one's own.",
    freedom="Any Python; limits, health, metrics and versions are its user's work.",
)
