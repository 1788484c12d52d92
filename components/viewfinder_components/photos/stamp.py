"""What changes with a photo, as far as that is known without reading it."""

import hashlib
import os

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.uri import is_in_bucket, scheme_of, uri_to_object, uri_to_path
from viewfinder_components.storage.bucket_errors import explain
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.objects import ObjectError


def find_stamp(candidate: Candidate) -> str | None:
    """Return what changes with a candidate, without a request to an object store.

    For a file: its size, its time and its permissions, with which it may become readable. Its
    content is not read, which would take as long as validating it. `ctime` is left out: Kubernetes
    changes it in all files of a volume, whenever a pod with `fsGroup` mounts it.

    Returns:
        None for an object that was not found by listing a bucket: only the store knows.
    """
    if candidate.flaw:
        return ""
    if candidate.data is not None:
        return hashlib.sha256(candidate.data).hexdigest()
    if candidate.tag is not None:
        return f"{candidate.size} {candidate.tag}"
    if is_in_bucket(candidate.uri):
        return None
    return _stamp_file(candidate.uri)


def request_stamp(candidate: Candidate) -> str:
    """Return what changes with a candidate; the store is asked for an object that was not listed.

    Raises:
        PermanentError: There are no credentials at all.
        TransientError: The store does not answer.
    """
    known = find_stamp(candidate)
    return _stamp_object(candidate.uri) if known is None else known


def _stamp_file(uri: str) -> str:
    if scheme_of(uri):  # of a package, which changes only with the image
        return ""
    try:
        status = os.stat(uri_to_path(uri))
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        return type(error).__name__
    owner = f"{status.st_mode:o} {status.st_uid} {status.st_gid}"
    return f"{status.st_size} {status.st_mtime_ns} {owner}"


def _stamp_object(uri: str) -> str:
    """Return an object's size and tag, or why it cannot be read, which is for validate to judge."""
    try:
        place = uri_to_object(uri)
    except PermanentError:  # no such object can exist
        return "missing"
    client = open_client(place)
    try:
        found = client.stat(place.key)
    except ObjectError as error:
        if error.passing:
            raise explain(error, place) from error
        return error.kind
    return f"{found.size} {found.tag}"
