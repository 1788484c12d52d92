"""Read a test photo's file again, as it was when it was validated."""

import hashlib
import logging

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.read import read_photo

_log = logging.getLogger(__name__)


def read_original(uri: str, sha256: str) -> bytes | None:
    """Return the file's bytes; None if it is gone or has changed.

    Args:
        uri: Where the photo was.
        sha256: Hexadecimal digest of its bytes at that time.

    Raises:
        TransientError: The object store that holds it does not answer.
    """
    try:
        content = read_photo(uri)
    except PermanentError as error:
        _log.warning("evaluate: %s cannot be read again: %s", uri, error)
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        _log.warning("evaluate: %s has changed since it was validated", uri)
        return None
    return content
