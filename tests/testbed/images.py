"""Write container images without a daemon: a layer is a tar file, an image a few JSON files.

The images hold one static program each, or Debian's Python with packages. They are written as OCI
archives (opencontainers/image-spec, image-layout.md), which containerd and buildah read.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testbed.machine import architecture

REGISTRY = "localhost/viewfinder-testbed"  # no such host is ever asked: nothing is pulled
PAUSE = f"{REGISTRY}/pause:1"
PYTHON = f"{REGISTRY}/python:3.11"

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Image:
    """An image to write.

    Attributes:
        name: Its name with a tag.
        layers: Tar files, the lowest first.
        config: The OCI image configuration's `config`: Entrypoint, Cmd, Env, User, WorkingDir.
    """

    name: str
    layers: tuple[Path, ...]
    config: Mapping[str, Any] = field(default_factory=dict)


def write_layer(target: Path, files: Mapping[str, Path]) -> Path:
    """Write a layer of files and folders owned by root.

    Args:
        target: The tar file to write.
        files: The source of each file or folder, by its path in the image.
    """
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        for name, source in files.items():
            layer.add(source, name.strip("/") or ".", filter=_as_root)
    return target


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = 0  # the same files give the same layer, and so the same digest
    return member


def write_archive(target: Path, images: list[Image]) -> None:
    """Write images as one OCI archive; layers that they share are stored once."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as file:
        archive = _Archive(file)
        entries = [_add_image(archive, image) for image in images]
        archive.add_bytes("index.json", _to_json({"schemaVersion": 2, "manifests": entries}))
        archive.add_bytes("oci-layout", _to_json({"imageLayoutVersion": "1.0.0"}))


class _Archive:
    """A tar file of blobs, each under its digest and only once."""

    def __init__(self, file: tarfile.TarFile) -> None:
        self._file = file
        self._held: set[str] = set()

    def add_bytes(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self._file.addfile(member, io.BytesIO(content))

    def add_value(self, media_type: str, value: object) -> dict[str, Any]:
        """Add a value as JSON and return its descriptor."""
        content = _to_json(value)
        digest = hashlib.sha256(content).hexdigest()
        if self._is_new(digest):
            self.add_bytes(f"blobs/sha256/{digest}", content)
        return _descriptor(media_type, digest, len(content))

    def add_layer(self, layer: Path) -> dict[str, Any]:
        """Add a layer and return its descriptor."""
        with layer.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self._is_new(digest):
            self._file.add(layer, f"blobs/sha256/{digest}")
        return _descriptor(_LAYER, digest, layer.stat().st_size)

    def _is_new(self, digest: str) -> bool:
        if digest in self._held:
            return False
        self._held.add(digest)
        return True


def _add_image(archive: _Archive, image: Image) -> dict[str, Any]:
    """Add an image's blobs and return its entry in the index."""
    layers = [archive.add_layer(layer) for layer in image.layers]
    config = {
        "architecture": architecture(),
        "os": "linux",
        "config": dict(image.config),
        # a layer that is not compressed has its blob's digest
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        # buildah counts on an entry for every layer when it builds on an image
        "history": [{"created_by": "tests.testbed"} for _ in layers],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": archive.add_value(_CONFIG, config),
        "layers": layers,
    }
    # the first is what containerd reads, the second what buildah reads
    keys = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
    entry = archive.add_value(_MANIFEST, manifest)
    return {**entry, "annotations": dict.fromkeys(keys, image.name)}


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}


def _to_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
