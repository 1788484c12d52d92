"""What a ResourceQuota refuses, and what helps: less of a resource, fewer objects, or a default.

The API server's sentences are those of https://kubernetes.io/docs/concepts/policy/resource-quotas/.
"""

import re

from viewfinder_components.errors import PermanentError
from viewfinder_components.spelling import spell

_EXCEEDED = re.compile(
    r"exceeded quota: (?P<quota>[^,\s]+), requested: (?P<requested>\S+), used: (?P<used>\S+), "
    r"limited: (?P<limited>\S+)"
)
_UNSET = re.compile(r"failed quota: (?P<quota>[^:\s]+): must specify (?P<what>.+)", re.S)
_SIZES = {"cpu", "memory"}


def is_of_quota(message: str) -> bool:
    """Return whether the API server refuses something because of a quota."""
    return "exceeded quota" in message or "failed quota" in message


def quota_error(message: str) -> PermanentError:
    """Return the error for an object that a quota of the namespace does not admit.

    Args:
        message: What the API server says.
    """
    if unset := _UNSET.search(message):
        return PermanentError(
            f"pods that set what the ResourceQuota {unset['quota']} counts",
            f"one that does not set {unset['what']}",
            "give the namespace a LimitRange with defaults for it, or take it out of the quota",
        )
    if exceeded := _EXCEEDED.search(message):
        return _exceeded(exceeded)
    return PermanentError("room in the namespace's ResourceQuota", message, _raise(set()))


def _exceeded(found: re.Match[str]) -> PermanentError:
    requested = found["requested"]
    resources = {one.partition("=")[0].rpartition(".")[2] for one in requested.split(",")}
    return PermanentError(
        f"room for {requested} in the namespace's ResourceQuota {found['quota']}",
        f"{found['used']} of {found['limited']} in use",
        _raise(resources),
    )


def _raise(resources: set[str]) -> str:
    """Return what helps where these resources run out."""
    sizes = sorted(resources & _SIZES)
    smaller = " or ".join(spell(f"predictor_{size}") for size in sizes)
    less = f", deploy with a smaller {smaller}" if smaller else ""
    return (
        f"raise the quota{less}, or remove what else is in it; while a new version starts, its "
        "pods count beside those of the one that serves"
    )
