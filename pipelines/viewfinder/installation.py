"""Verify an installation before anything is run on it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from viewfinder.arguments import checked
from viewfinder_pipelines.doctor.finding import Finding, FindingState
from viewfinder_pipelines.settings.file import read_settings

__all__ = ["Finding", "FindingState", "verify_installation"]


@checked
def verify_installation(  # noqa: PLR0913  (each is an option of its own)
    purpose: Literal["run", "deploy"] = "run",
    *,
    settings: str | Path | None = None,
    host: str | None = None,
    context: str | None = None,
    namespace: str | None = None,
    service_account: str | None = None,
    model_root: str | Path | None = None,
    pods: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Finding]:
    """Check a cluster and, if its address is known, Kubeflow Pipelines.

    Args:
        purpose: What the installation is for: runs on Kubeflow Pipelines, or deployments only.
        settings: The settings file; None for `viewfinder.toml` in the working directory, if any.
        host: The address of Kubeflow Pipelines; None for the settings file's.
        context: The kubeconfig's context; None for its current one.
        namespace: The namespace of the steps and the predictor; None for the settings file's, or
            the kubeconfig's.
        service_account: The service account of the steps; None for the installation's default.
        model_root: Where versions are to be published; None for the settings file's.
        pods: Whether pods are started to try images and storage.
        progress: Called with the name of each check before it begins.

    Returns:
        The findings; a run or a deployment would fail where the state of one is
        `FindingState.FAILED`.

    Raises:
        UsageError: There is no such purpose.
        PermanentError: The settings file cannot be read.
    """
    from viewfinder_pipelines.doctor.examine import examine
    from viewfinder_pipelines.doctor.install import DoctorConfig, Purpose

    known = read_settings(settings)
    if host:
        known = replace(known, kubeflow=replace(known.kubeflow, host=host))
    config = DoctorConfig(
        Purpose(purpose),
        context or "",
        namespace or "",
        str(model_root or known.parameters.get("model_root", "")),
        service_account or "",
        pods=pods,
        settings=known,
    )
    return list(examine(config, progress))
