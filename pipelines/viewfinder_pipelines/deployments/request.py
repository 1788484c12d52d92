"""What a user asks to be deployed: a version, a service, and the deploy step's parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

from viewfinder_components.errors import UsageError
from viewfinder_components.storage.target import Target
from viewfinder_pipelines.pipeline.assignments import parse_assignments, parse_table
from viewfinder_pipelines.pipeline.parameters import to_deploy_config, to_select_config
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT, TRAINING
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import ClusterSettings

_NAMED = {"model_name": "the model's name", "version": "the version's number"}


def gather_parameters(
    target: Target,
    options: Mapping[str, Any],
    assignments: Sequence[str],
    settings: ClusterSettings,
) -> dict[str, Any]:
    """Return the parameters of the deployment pipeline that are given.

    Args:
        target: The version.
        options: Parameters by name.
        assignments: More of them as `key=value`; they win over `options`, which win over the
            settings file's. Those of the file that only training has are left aside.
        settings: What the settings file says.

    Raises:
        UsageError: A parameter is unknown, of the wrong type or out of its range, or no pod
            can read the model root.
    """
    assigned = parse_assignments(assignments, DEPLOYMENT)
    for name in _NAMED.keys() & assigned.keys():
        raise UsageError(f"{_NAMED[name]} in MODEL/NUMBER", f"--set {name}", "leave that out")
    known = DEPLOYMENT.parameters
    trains = TRAINING.parameters
    filed = {k: v for k, v in settings.parameters.items() if k in known or k not in trains}
    given = {
        **parse_table(filed, DEPLOYMENT),
        **({"model_root": target.root} if target.root else {}),
        **options,
        **assigned,
        "model_name": target.model,
        "version": target.number,
    }
    given.setdefault("model_root", str(Settings().models))
    parameters = DEPLOYMENT.with_defaults(given)
    to_select_config(parameters)
    to_deploy_config(parameters, f"{given['model_root'].rstrip('/')}/{target.model}/1", 1)
    return given


def find_namespace(named: str | None, settings: ClusterSettings) -> str:
    """Return the service's namespace: what is named, else that of a run with these settings.

    Args:
        named: With `--namespace`.
        settings: What the settings file says.
    """
    return named or str(settings.parameters.get("namespace", "")) or settings.kubeflow.namespace
