"""Let a service serve again what it served before."""

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from viewfinder_components.deployment.cluster import Cluster
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import Deployed
from viewfinder_components.deployment.earlier_version import find_earlier, read_config
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.namespace import need_namespace
from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_components.selection.config import SelectConfig
from viewfinder_components.selection.select import MissingVersionError, select_version
from viewfinder_pipelines.deployments.deploying import deploy_with_record

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GoingBack:
    """Which service goes back, and how far."""

    model: str
    service_name: str = ""
    """Empty for the model's name."""
    namespace: str = ""
    """Empty for the pod's own, or the kubeconfig's."""
    number: int = 0
    """The version to go back to; 0 for the one that served before."""
    timeout_seconds: int = 600
    tolerance: float = 0.02
    compare: bool = True
    """Whether answers are compared with the evaluation's, where the version's photos can be read.
    """


def go_back(wanted: GoingBack) -> tuple[Deployed, dict[str, Any]]:
    """Deploy a version again that has served, as it was deployed then, with the same checks.

    Where its test photos cannot be read from here, it goes back without comparing answers and says
    so: the version has proved itself before, and who goes back is in a hurry.

    Returns:
        What serves, and the contents of `deployment.json`.

    Raises:
        PermanentError: There is nothing to go back to, or what the deploy step raises.
        TransientError: The cluster does not answer.
    """
    name = wanted.service_name or wanted.model
    with Cluster.connect(wanted.namespace) as cluster:
        need_namespace(cluster)
        entry = find_earlier(cluster, name, wanted.model, wanted.number)
        config = read_config(entry, name, cluster.namespace)
    config = replace(
        config,
        deploy_timeout_seconds=wanted.timeout_seconds,
        tolerance=wanted.tolerance,
        compare=wanted.compare,
    )
    _log.info("rollback: to version %d, %s", config.version_number, config.version_uri)
    with tempfile.TemporaryDirectory(prefix="viewfinder-rollback-") as folder:
        compare = _fetch_photos(Path(folder), config)
        return deploy_with_record(Path(folder), replace(config, compare=compare), Deed.ROLLBACK)


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
            error.expected, error.received, "go back to another with --to, or deploy another"
        ) from error
    except ViewfinderError as error:
        _log.warning("rollback: answers are not compared: %s", error)
        return False
    return config.compare
