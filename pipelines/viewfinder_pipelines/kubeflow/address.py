"""The address of Kubeflow Pipelines, as users write it."""

import re
from urllib.parse import urlsplit

from viewfinder_client.endpoint import show_url
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
            repr(show_url(named)),
            "write one such as http://localhost:8080",
        )
    if "@" in urlsplit(address).netloc:  # it would be printed, and kept in records
        raise UsageError(
            f"the address of Kubeflow Pipelines in {name}",
            "one with a user or a password",
            "leave them out: KFP_TOKEN and KFP_COOKIE say who you are",
        )
    scheme, rest = address.split("://", 1)
    return f"{scheme.lower()}://{rest}"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError if it is not a number of a port
    except ValueError:
        return False
    if parts.netloc.endswith(":") and parts.path:  # https:/host, after http:// was added
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and not _UNPRINTED.search(text)
    )
