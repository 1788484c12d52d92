"""Make a service serve an earlier version again."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from viewfinder_components.deployment.config import DEFAULT_TARGET, DeployConfig
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.record import Deployed
from viewfinder_components.deployment.targets import TARGETS
from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_components.selection.config import SelectConfig
from viewfinder_components.selection.select import MissingVersionError, select_version
from viewfinder_components.spelling import spell
from viewfinder_components.storage.temporary_folder import temporary_folder
from viewfinder_pipelines.deployments.deploying import deploy_with_record

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GoingBack:
    """Which service goes back, and how far."""

    model: str
    service_name: str = ""
    """Empty for the model's name."""
    namespace: str = ""
    """Empty for the pod's own namespace, or the kubeconfig's."""
    number: int = 0
    """The version to go back to; 0 for the previous one."""
    timeout_seconds: int = 600
    tolerance: float = 0.02
    compare: bool = True
    """Whether to compare answers with the evaluation's, if the version's photos can be read.
    """


def go_back(wanted: GoingBack) -> tuple[Deployed, dict[str, Any]]:
    """Deploy a version that has served before, as it was deployed then, with the same checks.

    If its test photos cannot be read from here, it is deployed without comparing answers, and a
    warning is logged: the version has proved itself before, and a rollback is urgent.

    Returns:
        What serves, and the contents of `deployment.json`.

    Raises:
        PermanentError: There is nothing to go back to, or the deploy step fails.
        TransientError: The cluster does not answer.
    """
    name = wanted.service_name or wanted.model
    with TARGETS[DEFAULT_TARGET].connect(wanted.namespace) as target:
        earlier = target.find_earlier(name, wanted.model, wanted.number)
    config = replace(
        earlier,
        deploy_timeout_seconds=wanted.timeout_seconds,
        tolerance=wanted.tolerance,
        compare=wanted.compare,
    )
    _log.info("rollback: going back to version %d, %s", config.version_number, config.version_uri)
    with temporary_folder("viewfinder-rollback-") as folder:
        compare = _fetch_photos(folder, config)
        return deploy_with_record(folder, replace(config, compare=compare), Deed.ROLLBACK)


def _fetch_photos(folder: Path, config: DeployConfig) -> bool:
    """Fetch the version's test photos; return whether there are any.

    Raises:
        PermanentError: The version was removed.
    """
    root = config.version_uri.rsplit("/", 2)[0]
    try:
        select = SelectConfig(root, config.model_name, config.version_number, config.compare)
        select_version(folder, select)
    except MissingVersionError as error:
        raise PermanentError(
            error.expected,
            error.received,
            f"choose another version with {spell('number')}, or deploy one",
        ) from error
    except ViewfinderError as error:
        _log.warning("rollback: not comparing answers: %s", error)
        return False
    return config.compare
