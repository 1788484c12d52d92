"""What changes with a photo, as far as that is known without reading it."""

import errno
import hashlib
import os
from typing import NamedTuple

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.uri import is_in_bucket, scheme_of, uri_to_object, uri_to_path
from viewfinder_components.storage.bucket_errors import explain
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.objects import ObjectError

MISSING = "missing"
"""The stamp of a photo that does not exist, where it would be seen if it did."""

_IMPOSSIBLE = (errno.ENAMETOOLONG, errno.ELOOP)


class Unseen(NamedTuple):
    """A photo that cannot be looked at from here: a process with other rights may read it."""

    error: Exception
    """Why, with a remedy."""


def find_stamp(candidate: Candidate) -> str | None:
    """Return what changes with a candidate, without a request to an object store.

    For a file: its size, its time and its permissions, with which it may become readable. Its
    content is not read, which would take as long as validating it. `ctime` is left out: Kubernetes
    changes it in all files of a volume, whenever a pod with `fsGroup` mounts it.

    Returns:
        None for an object that was not found by listing a bucket, because only the store knows, and
        for a file that cannot be looked at.
    """
    if candidate.flaw:
        return ""
    if candidate.data is not None:
        return hashlib.sha256(candidate.data).hexdigest()
    if candidate.tag is not None:
        return f"{candidate.size} {candidate.tag}"
    if is_in_bucket(candidate.uri):
        return None
    stamp = _stamp_file(candidate.uri)
    return None if isinstance(stamp, Unseen) else stamp


def request_stamp(candidate: Candidate) -> str | Unseen:
    """Return what changes with a candidate; the store is asked for an object that was not listed.

    Raises:
        PermanentError: There are no credentials, or the store does not accept them.
        TransientError: The store does not answer.
    """
    if (known := find_stamp(candidate)) is not None:
        return known
    if is_in_bucket(candidate.uri):
        return _stamp_object(candidate.uri)
    return _stamp_file(candidate.uri)


def _stamp_file(uri: str) -> str | Unseen:
    if scheme_of(uri):  # of a package, which changes only with the image
        return ""
    path = uri_to_path(uri)
    try:
        status = os.stat(path)
    except ValueError:  # a null byte in the path
        return MISSING
    except (FileNotFoundError, NotADirectoryError):
        # Without its folder, a volume may be missing here that another pod has.
        folder = os.path.dirname(os.path.realpath(path))
        return MISSING if os.path.isdir(folder) else _unseen(uri, f"no folder {folder}")
    except OSError as error:
        if error.errno in _IMPOSSIBLE:
            return MISSING
        return _unseen(uri, reason_of(error))
    owner = f"{status.st_mode:o} {status.st_uid} {status.st_gid}"
    return f"{status.st_size} {status.st_mtime_ns} {owner}"


def _unseen(uri: str, received: str) -> Unseen:
    return Unseen(
        PermanentError(
            f"a size and a time of the photo {uri}",
            received,
            "correct its path, or give the step fingerprint the volumes that validate has",
        )
    )


def _stamp_object(uri: str) -> str | Unseen:
    """Return an object's size and tag, or why it cannot be looked at."""
    try:
        place = uri_to_object(uri)
    except PermanentError:  # no such object can exist
        return MISSING
    client = open_client(place)
    try:
        found = client.stat(place.key)
    except ObjectError as error:
        if error.kind == "missing":
            return MISSING
        reason = explain(error, place)
        if error.passing or error.kind == "no_credentials":
            raise reason from error
        return Unseen(reason)
    return f"{found.size} {found.tag}"
