"""NVIDIA Triton through PyTriton."""

import struct
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from viewfinder_comparison.servers.answers import read_v2
from viewfinder_comparison.servers.http_requests import post_tensor
from viewfinder_comparison.servers.server import Place, Server

_NEWEST_PYTHON = (3, 12)  # PyTriton needs NumPy 1, of which there is none for a newer one


def _request(place: Place, photo: bytes) -> bytes:
    data = struct.pack("<I", len(photo)) + photo
    return post_tensor("/v2/models/classifier/infer", "photo", [1, 1], data, "BYTES")


def _variables(place: Place) -> Mapping[str, str]:
    return {
        "SAVED_MODEL": str(place.version),
        "PORTS": ",".join(map(str, place.ports)),
        "PYTRITON_HOME": "pytriton",  # below the server's folder, which is removed
        # Triton's Python process needs this interpreter's libpython, says PyTriton's documentation.
        "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR")),
    }


def _find_obstacle(version: Path) -> str | None:
    if sys.version_info[:2] <= _NEWEST_PYTHON:
        return None
    return "PyTriton needs NumPy 1, which does not exist for this version of Python"


SERVER = Server(
    name="triton",
    title="NVIDIA Triton (PyTriton)",
    setup="Triton's own HTTP server with dynamic batching (up to 8 photos, 1 ms); TensorFlow in "
    "the Python process beside it.",
    command=lambda place: [str(place.program), "app.py"],
    request=_request,
    read_answer=read_v2,
    files=("app.py",),
    packages=("nvidia-pytriton", "tensorflow"),
    variables=_variables,
    ports=3,
    find_obstacle=_find_obstacle,
    scaling="Triton on Kubernetes, with KServe or by hand.",
    freedom="Any Python within a function; protocols, batching and metrics are there.",
)
