"""Read the kubeconfig: where the API server is, who we are, and in which namespace."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from viewfinder_components.errors import PermanentError

if TYPE_CHECKING:
    from kubernetes.client import Configuration

_DEFAULT = "~/.kube/config"
_REMEDY = "set KUBECONFIG to the cluster's kubeconfig, or run in a pod of the cluster"


def kubeconfig_path() -> str:
    """Return where the kubeconfig is looked for: one file, or several as `KUBECONFIG` joins them.

    Read anew each time, as the kubernetes package does not.
    """
    return os.environ.get("KUBECONFIG") or os.path.expanduser(_DEFAULT)


def has_kubeconfig() -> bool:
    """Return whether there is a file where the kubeconfig is looked for."""
    return any(Path(path).is_file() for path in kubeconfig_path().split(os.pathsep) if path)


def load_kubeconfig(configuration: "Configuration", context: str = "") -> str:
    """Read address and credentials from the kubeconfig.

    Args:
        configuration: Where to put them.
        context: The context to use; empty for the current one.

    Returns:
        The context's namespace; empty where it names none.

    Raises:
        PermanentError: There is no such file, or it is no kubeconfig with such a context.
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
    except Exception as error:  # it fails in many ways over a file that is none
        reason = (str(error) or repr(error)).splitlines()[0]
        raise PermanentError(
            "a kubeconfig", f"{path}, which cannot be used: {reason}", _REMEDY
        ) from error
