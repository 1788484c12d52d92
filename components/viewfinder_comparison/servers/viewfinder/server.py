"""Viewfinder's own predictor: in f32, in the precision that check chose, and with TensorFlow."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from viewfinder_comparison.servers.answers import read_v1
from viewfinder_comparison.servers.http_requests import post_instance
from viewfinder_comparison.servers.server import Place, Server
from viewfinder_components.formats.precision import AUTO, F32
from viewfinder_components.storage.contents import Manifest


def _command(options: tuple[str, ...], place: Place) -> list[str]:
    return [
        *(str(place.program), "-P", "-m", "viewfinder_serving"),
        *("--model-dir", str(place.version), "--model-name", place.model_name),
        *("--host", place.host, "--port", str(place.ports[0]), "--no-access-log"),
        *options,
    ]


def _variables(place: Place) -> Mapping[str, str]:
    return {}


def _adapt(server: Server, version: Path) -> Server:
    """Name the precision, and allow what check has measured: it rounds more than f32 does."""
    from viewfinder_serving.engine_names import OPENVINO
    from viewfinder_serving.precision import select_precision

    served = select_precision(OPENVINO, version, Manifest.read(version).values)
    return replace(
        server,
        title=f"Viewfinder, {served.name}",
        setup=f"{_SETUP} OpenVINO, {served.name}, which is what `serve` chooses by default for "
        f"this version. {served.reason}",
        tolerance=max(server.tolerance, served.tolerance or 0.0),
    )


def _find_no_choice(version: Path) -> str | None:
    """Return why the chosen precision would be the row of f32 again."""
    adapted = _adapt(CHOSEN, version)
    if adapted.title != VIEWFINDER.title:
        return None
    return f"this version is served in f32 on this machine, as the row {adapted.title!r}"


def _find_no_tensorflow(version: Path) -> str | None:
    if find_spec("tensorflow") is not None:
        return None
    return (
        "TensorFlow is not installed beside Viewfinder: `pip install 'viewfinder[serving,steps]'`"
    )


_SETUP = "One process with its default options, as the command `serve` starts it;"
VIEWFINDER = Server(
    name="viewfinder",
    title=f"Viewfinder, {F32}",
    setup=f"{_SETUP} OpenVINO, f32.",
    command=partial(_command, ("--precision", F32)),  # as the others, for the same answers
    request=lambda place, photo: post_instance(place.model_name, photo),
    read_answer=read_v1,
    packages=("kserve", "openvino"),
    folder="viewfinder",
    installed="here",
    extras=("serving",),
    variables=_variables,
    scaling="KServe on Kubernetes: replicas, scale to zero, canaries.",
    freedom="Options only: limits, explanations, protocols, health and metrics are there.",
)
CHOSEN = replace(
    VIEWFINDER,
    name="viewfinder-chosen",
    title="Viewfinder, chosen precision",
    setup=f"{_SETUP} OpenVINO, the precision that `check` chose.",
    command=partial(_command, ("--precision", AUTO)),
    adapt=_adapt,
    find_obstacle=_find_no_choice,
)
TENSORFLOW = replace(
    VIEWFINDER,
    name="viewfinder-tensorflow",
    title="Viewfinder, TensorFlow",
    setup="As `serve --engine tensorflow` starts it: the predictor decodes the photos, and "
    "TensorFlow computes with the SavedModel.",
    command=partial(_command, ("--engine", "tensorflow")),
    packages=("kserve", "tensorflow"),
    extras=("serving", "steps"),
    find_obstacle=_find_no_tensorflow,
)
