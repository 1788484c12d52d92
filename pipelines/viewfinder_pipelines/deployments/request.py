"""A user's request for a deployment: a version, a service, and the deploy step's parameters."""

from collections.abc import Mapping
from typing import Any

from viewfinder_components.errors import UsageError
from viewfinder_components.storage.version_name import VersionName
from viewfinder_pipelines.pipeline.assignments import need_parameters, parse_table
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import ClusterSettings

_NAMED = {"model_name": "the model's name", "version": "the version's number"}


def gather_parameters(
    version: VersionName, arguments: Mapping[str, Any], settings: ClusterSettings
) -> dict[str, Any]:
    """Return the given parameters of the deployment pipeline.

    Args:
        version: The version.
        arguments: Parameters by name; they take precedence over the settings file.
        settings: The contents of the settings file.

    Raises:
        UsageError: A parameter is unknown, of the wrong type or out of range, or no pod can
            read the model root.
    """
    for name in _NAMED.keys() & arguments.keys():
        raise UsageError(f"{_NAMED[name]} in MODEL/NUMBER", f"{name} as well", "omit it")
    given = {
        **parse_table(settings.parameters, DEPLOYMENT),
        **({"model_root": version.root} if version.root else {}),
        **need_parameters(arguments, DEPLOYMENT),
        "model_name": version.model,
        "version": version.number,
    }
    given.setdefault("model_root", str(Settings().models))
    check_parameters(DEPLOYMENT, DEPLOYMENT.with_defaults(given))
    return given


def find_namespace(named: str | None, settings: ClusterSettings) -> str:
    """Return the service's namespace: the given one, else that of a run with these settings.

    Args:
        named: The namespace that the caller gives.
        settings: The contents of the settings file.
    """
    return named or str(settings.parameters.get("namespace", "")) or settings.kubeflow.namespace
