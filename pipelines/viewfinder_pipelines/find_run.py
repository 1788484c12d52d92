"""Find a run by its id: on this machine, or on Kubeflow Pipelines."""

import os
import uuid
from dataclasses import replace

from viewfinder_components.errors import ViewfinderError
from viewfinder_pipelines.local.runner import load_run
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.runs.run_id import complete_run_id
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import KubeflowSettings


def find_run(
    run_id: str, kubeflow: KubeflowSettings, settings: Settings | None = None
) -> RunResult:
    """Return a run's record.

    A run on Kubeflow that goes on, or of which not everything could be read, is read again.

    Args:
        run_id: The run: the id of ours or an unambiguous beginning of it, or Kubeflow Pipelines'
            own.
        kubeflow: Where to look for a run that is not known here.
        settings: Where this machine keeps runs.

    Raises:
        PermanentError: There is no such run, or Kubeflow Pipelines does not let us in.
        TransientError: Kubeflow Pipelines does not answer.
    """
    from viewfinder_pipelines.kubeflow.runner import find_kubeflow_run

    run_id = complete_run_id((settings or Settings()).runs, run_id)
    if not _is_known(run_id, settings) and _is_kubeflow_id(run_id):
        return find_kubeflow_run(run_id, kubeflow, settings)
    result = load_run(run_id, settings)
    if result.is_local or (result.state != "running" and not result.gaps):
        return result
    if not kubeflow.host and "KFP_HOST" not in os.environ:
        kubeflow = replace(kubeflow, host=result.where)
    try:
        return find_kubeflow_run(run_id, kubeflow, settings)
    except ViewfinderError:
        if result.state == "running":
            raise
        return result  # what is known of it, with its gaps


def _is_known(run_id: str, settings: Settings | None) -> bool:
    return ((settings or Settings()).runs / run_id).is_dir()


def _is_kubeflow_id(run_id: str) -> bool:
    try:
        return str(uuid.UUID(run_id)) == run_id
    except ValueError:
        return False
