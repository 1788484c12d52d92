"""The project's notation for the location of a photo.

- A file on this machine: its absolute path, such as `/photos/apple/1.jpg`. Anything that would make
  a path illegible or illegal is percent-encoded: control characters (a newline is `%0A`), invisible
  ones (U+202E is `%E2%80%AE`), bytes that are not UTF-8 (`%E9`) and percent signs (`%25`).
  Letters of all scripts stay as they are.
- An object in a bucket: `gs://<bucket>/<key>` or `s3://<bucket>/<key>`, the key encoded likewise.
- A photo in an installed package: `package://<package>/<file>#<row>`.
"""

import os
import re
from urllib.parse import unquote

from viewfinder_components.printable import ILLEGIBLE
from viewfinder_components.storage.location import BUCKET_SCHEMES, Location

PACKAGE = "package://"
FILE = "file://"

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
# Two names could look alike, too.
_ILLEGIBLE = re.compile(f"[%{ILLEGIBLE}]")
_INVISIBLE = re.compile(f"[{ILLEGIBLE}]")


def quote(text: str) -> str:
    """Encode a path, or a part of one, as Python received it from the file system."""
    return _ILLEGIBLE.sub(_escape, text)


def make_legible(uri: str) -> str:
    """Encode what is illegible in a uri, whose percent signs are those of an encoding."""
    return _INVISIBLE.sub(_escape, uri)


def path_to_uri(path: str) -> str:
    """Return the uri of a file; a relative path starts at the working directory."""
    return quote(os.path.abspath(path))


def name_to_uri(photo: str | os.PathLike[str]) -> str:
    """Return the uri of a photo as users name it: a path, or a uri from a list of photos.

    Args:
        photo: A text is a path if such a file exists, so that a percent sign in a file's name is
            not decoded.
    """
    text = os.fspath(photo)
    is_path = not isinstance(photo, str) or (not scheme_of(text) and os.path.exists(text))
    return path_to_uri(text) if is_path else text


def uri_to_path(uri: str) -> str:
    """Return the path that `path_to_uri` encoded."""
    return unquote(uri, errors="surrogateescape") if "%" in uri else uri


def file_uri_to_path(uri: str) -> str:
    """Return the path of a `file://` uri: as written if that exists, otherwise decoded.

    Such a uri is often written by putting `file://` before a path, percent signs and all.
    """
    path = uri[len(FILE) :].removeprefix("localhost")
    return path if "\0" not in path and os.path.exists(path) else uri_to_path(path)


def object_to_uri(location: Location) -> str:
    """Return the uri of an object in a bucket."""
    return f"{location.scheme}://{location.bucket}/{quote(location.key)}"


def uri_to_object(uri: str) -> Location:
    """Return the object that `object_to_uri` encoded; `minio://` means `s3://`.

    Raises:
        PermanentError: The uri names no object that can exist.
    """
    return Location.parse(uri_to_path(uri))


def is_in_bucket(uri: str) -> bool:
    """Whether a uri names something in an object store."""
    return scheme_of(uri) in BUCKET_SCHEMES


def scheme_of(uri: str) -> str:
    """Return what precedes the path, such as `gs://`; empty for a file on this machine."""
    match = _SCHEME.match(uri)
    return match.group().lower() if match else ""


def _escape(match: re.Match[str]) -> str:
    try:
        encoded = match.group().encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair, which no name of a file has
        encoded = match.group().encode("utf-8", "surrogatepass")
    return "".join(f"%{byte:02X}" for byte in encoded)
