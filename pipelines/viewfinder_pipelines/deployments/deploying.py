"""Deploy a published version from here, or as a pipeline on Kubeflow."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import deploy_version
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.record import RECORD, Deployed
from viewfinder_components.selection.select import select_version
from viewfinder_components.storage.temporary_folder import temporary_folder
from viewfinder_pipelines.kubeflow.reach import require_claim, require_images
from viewfinder_pipelines.kubeflow.runner import KubeflowPlan
from viewfinder_pipelines.pipeline.parameters import to_deploy_config, to_select_config
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT
from viewfinder_pipelines.settings.file import ClusterSettings


def deploy_published(given: Mapping[str, Any]) -> tuple[Deployed, dict[str, Any]]:
    """Deploy a published version from this machine, with the steps of the pipeline.

    Args:
        given: The result of `gather_parameters`.

    Returns:
        What serves, and the contents of `deployment.json`.

    Raises:
        PermanentError: There is no such version, or the deploy step fails.
        TransientError: The store or the cluster does not answer.
    """
    parameters = DEPLOYMENT.with_defaults(given)
    with temporary_folder("viewfinder-deploy-") as folder:
        selected = select_version(folder, to_select_config(parameters))
        config = to_deploy_config(parameters, selected.uri, selected.number)
        return deploy_with_record(folder, config, Deed.DEPLOY)


def deploy_with_record(
    folder: Path, config: DeployConfig, by: Deed
) -> tuple[Deployed, dict[str, Any]]:
    """Deploy, and also return `deployment.json`.

    Args:
        folder: What `select_version` wrote; the record is written next to it.
        config: What to deploy, and where.
        by: How the service's history records the cause.
    """
    deployed = deploy_version(folder, folder, config, by)
    record: dict[str, Any] = json.loads((folder / RECORD).read_bytes())
    return deployed, record


def plan_kubeflow_deployment(given: Mapping[str, Any], settings: ClusterSettings) -> KubeflowPlan:
    """Plan a run of the deployment pipeline.

    Args:
        given: The result of `gather_parameters`.
        settings: Which Kubeflow to use, and the pods' settings.

    Raises:
        PermanentError: No image is named, or the model root's claim is not mounted.
    """
    require_claim(given["model_root"], settings.platform, DEPLOYMENT)
    require_images(settings.platform, DEPLOYMENT)
    version = f"{given['model_name']}/{given['version'] or 'newest'}"
    name = f"deploy {version} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return KubeflowPlan(given, settings, name, DEPLOYMENT)
