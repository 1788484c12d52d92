"""Flask with TensorFlow, as Koul, Ganju and Kasam have it, with the model loaded once."""

from viewfinder_comparison.servers.answers import read_flat
from viewfinder_comparison.servers.http_requests import post_form
from viewfinder_comparison.servers.server import Place, Server


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "-m", "flask", "--app", "app", "run", "--no-debugger", "--no-reload"),
        *("--host", "127.0.0.1", "--port", str(place.ports[0])),
    ]


SERVER = Server(
    name="flask",
    title="Flask, its own server",
    setup="One process of Flask's development server, with a thread for each request.",
    command=_command,
    request=lambda place, photo: post_form("/infer", "photo", photo),
    read_answer=read_flat,
    files=("app.py",),
    packages=("flask", "tensorflow"),
    scaling="None: its documentation says not to use it in production.",
    freedom="Any Python; limits, health, metrics and versions are its user's work.",
)
