"""OpenVINO Model Server, which its user installs.

It can decode photos itself, but scales them otherwise than the model was trained with, so that its
answers would differ. It therefore gets pixels.
"""

from collections.abc import Mapping
from pathlib import Path

from viewfinder_comparison.servers.answers import read_v2
from viewfinder_comparison.servers.http_requests import post_tensor
from viewfinder_comparison.servers.server import LOOPBACK, Place, Server
from viewfinder_components.formats.precision import F32, MODEL_FILES
from viewfinder_components.photos.decode import decode
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.version import MANIFEST

_MODELS = "models"
_MOST_PIXELS = 10**9  # the photos are the version's own


def _command(place: Place) -> list[str]:
    return [
        *(str(place.program), "--model_name", place.model_name),
        *("--model_path", str(place.folder.absolute() / _MODELS)),
        *("--rest_port", str(place.ports[0]), "--rest_bind_address", LOOPBACK),
        *("--target_device", "CPU"),
    ]


def _links(version: Path) -> Mapping[str, Path]:
    """Return a model's folder with the files for f32 alone: it takes the first that it finds."""
    return {f"{_MODELS}/1/{name}": version / name for name in MODEL_FILES[F32]}


def _read_size(version: Path) -> int | None:
    """Return the side of the photos that the model takes, None if its manifest does not say it."""
    size = Manifest.read(version).values.get("image_size")
    return size if isinstance(size, int) else None


def _find_obstacle(version: Path) -> str | None:
    if _read_size(version) is not None:
        return None
    return f"{MANIFEST} does not say at which size the model takes photos (image_size)"


def _request(place: Place, photo: bytes) -> bytes:
    size = _read_size(place.version) or 1
    pixels = decode(photo, size, _MOST_PIXELS).tobytes()
    path = f"/v2/models/{place.model_name}/infer"
    return post_tensor(path, "pixels", [1, size, size, 3], pixels, "UINT8", place.host)


SERVER = Server(
    name="openvino-model-server",
    title="OpenVINO Model Server",
    setup="`ovms` with its default options on the processor, and the model in f32. It gets pixels "
    "that were decoded and scaled before the measurement, which all others do themselves: "
    "its own way to scale photos is not the model's.",
    command=_command,
    request=_request,
    read_answer=read_v2,
    installed="by its user",
    variables=lambda place: {},
    links=_links,
    find_obstacle=_find_obstacle,
    scaling="Kubernetes by hand, or KServe.",
    freedom="Options and graphs; protocols, batching, versions and metrics are there. Its clients "
    "decode and scale the photos.",
)
