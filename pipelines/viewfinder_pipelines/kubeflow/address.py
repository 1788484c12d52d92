"""The address of Kubeflow Pipelines, as users write it."""

import re
from urllib.parse import urlsplit

from viewfinder_components.errors import UsageError

_UNPRINTED = re.compile(r"[\s\x00-\x20\x7f]")


def complete_address(text: str, name: str) -> str:
    """Return an address with its scheme, which may be left out, and without slashes at its end.

    Args:
        text: What the user wrote.
        name: Where it was written, for the error.

    Raises:
        UsageError: It is not the address of a server.
    """
    named = text.strip()
    address = (named if "://" in named else f"http://{named}").rstrip("/")
    if not _is_address(address):
        raise UsageError(
            f"the address of Kubeflow Pipelines in {name}",
            repr(text),
            "write one such as http://localhost:8080",
        )
    return address


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError if it is not a number of a port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and not _UNPRINTED.search(text)
    )
