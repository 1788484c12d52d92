"""Read the kubeconfig: where the API server is, who we are, and in which namespace."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from viewfinder_components.errors import PermanentError, reason_of

if TYPE_CHECKING:
    from kubernetes.client import Configuration

_DEFAULT = "~/.kube/config"
_REMEDY = "set KUBECONFIG to the cluster's kubeconfig, or run in a pod of the cluster"


def kubeconfig_path() -> str:
    """Return where the kubeconfig is looked up: one file, or several as joined in `KUBECONFIG`.

    Read each time, which the kubernetes package does not do.
    """
    return os.environ.get("KUBECONFIG") or os.path.expanduser(_DEFAULT)


def has_kubeconfig() -> bool:
    """Return whether a kubeconfig exists there."""
    return any(Path(path).is_file() for path in kubeconfig_path().split(os.pathsep) if path)


def load_kubeconfig(configuration: "Configuration", context: str = "") -> str:
    """Read the address and credentials from the kubeconfig.

    Args:
        configuration: Where to store them.
        context: The context to use; empty for the current one.

    Returns:
        The context's namespace; empty if it names none.

    Raises:
        PermanentError: There is no such file, or it is not a kubeconfig with such a context.
    """
    from kubernetes import config

    path = kubeconfig_path()
    if not has_kubeconfig():
        raise PermanentError("a kubeconfig", f"no file at {path}", _REMEDY)
    try:
        config.load_kube_config(path, context or None, client_configuration=configuration)
        contexts, current = config.list_kube_config_contexts(path)
        chosen = next((one for one in contexts if one["name"] == context), current)
        return str(chosen["context"].get("namespace") or "")
    except Exception as error:  # files that are not kubeconfigs fail in many ways
        reason = reason_of(error).splitlines()[0]
        raise PermanentError(
            "a kubeconfig", f"{path}, which cannot be used: {reason}", _REMEDY
        ) from error
