"""FastAPI with TensorFlow."""

from viewfinder_comparison.servers.answers import read_flat
from viewfinder_comparison.servers.http_requests import post_form
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "-m", "uvicorn", "app:app", "--no-access-log"),
        *("--host", "127.0.0.1", "--port", str(place.ports[0])),
    ]


SERVER = Server(
    name="fastapi",
    title="FastAPI",
    setup="One uvicorn process, as FastAPI's documentation advises for a container; the plain "
    "`def` runs in its thread pool.",
    command=_command,
    request=lambda place, photo: post_form("/infer", "photo", photo),
    read_answer=read_flat,
    files=("app.py",),
    packages=("fastapi", "uvicorn", "tensorflow"),
    scaling="Workers on one machine; more machines with a load balancer of one's own.",
    freedom="Any Python; limits, health, metrics and versions are its user's work.",
)
