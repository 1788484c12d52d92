"""Tell a node that is slow from objects that are wrong: Kubernetes has one reason for both."""

import re

# Of the kubelet, before it tries again: it has not read an object yet (pkg/kubelet/util/manager),
# its container runtime did not answer in time, or the container of the last attempt is still there.
_SLOW = re.compile(r"failed to sync \w+ cache|timed out|deadline exceeded|is reserved for", re.I)


def is_slow_node(message: str) -> bool:
    """Return whether a container that was not started may well be started at the next attempt.

    Args:
        message: Of a container that waits with a reason such as `CreateContainerConfigError`.
    """
    return _SLOW.search(message) is not None
