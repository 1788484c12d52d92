"""Plan a run on Kubeflow Pipelines, submit it, follow it, find it again."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viewfinder_components.errors import PermanentError, ViewfinderError
from viewfinder_components.spelling import write_command
from viewfinder_components.writing import HOME, writing
from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.kubeflow.following import follow_run
from viewfinder_pipelines.kubeflow.reach import (
    find_mounted,
    require_claim,
    require_images,
    require_reach,
)
from viewfinder_pipelines.kubeflow.record_merging import merge_readings
from viewfinder_pipelines.kubeflow.result import KubeflowRun
from viewfinder_pipelines.kubeflow.submission import submit, upload_pipeline
from viewfinder_pipelines.pipeline.assignments import need_parameters, parse_table
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import RUN_ID, TRAINING
from viewfinder_pipelines.runs.events import Listener
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import ClusterSettings, KubeflowSettings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KubeflowPlan:
    """A run that may be submitted.

    Attributes:
        arguments: The pipeline parameters that were given.
        settings: Which Kubeflow to use, and the pods' settings.
        name: The run's name in the UI.
        pipeline: Which pipeline runs.
    """

    arguments: Mapping[str, Any]
    settings: ClusterSettings
    name: str
    pipeline: PipelineDefinition = TRAINING


def plan_kubeflow_run(
    arguments: Mapping[str, Any],
    settings: ClusterSettings,
    pipeline: PipelineDefinition = TRAINING,
) -> KubeflowPlan:
    """Plan a run on Kubeflow Pipelines.

    Args:
        arguments: The pipeline's parameters that are set, by name; they take precedence over
            the settings file's.
        settings: Which Kubeflow to use, and the pods' settings.
        pipeline: What runs.

    Raises:
        PermanentError: A parameter is missing, unknown, of the wrong type, or names a place
            that the pods cannot read.
    """
    known = pipeline.parameters
    arguments = {
        **parse_table(settings.parameters, pipeline),
        **need_parameters(arguments, pipeline),
    }
    for name in ("data", "model_root"):
        if name in known:
            require_reach(name, str(arguments.get(name, "")), settings.platform)
    if "data" in known:
        arguments["data"] = find_mounted(str(arguments["data"]), settings.platform, pipeline)
    for name in ("output", "corrections"):
        place = str(arguments.get(name, ""))
        if name in known and (place or known[name].is_required):
            require_reach(name, place, settings.platform)
            arguments[name] = find_mounted(place, settings.platform, pipeline)
    if "model_root" in known:
        require_claim(str(arguments["model_root"]), settings.platform, pipeline)
    parameters = pipeline.with_defaults(arguments)
    check_parameters(pipeline, parameters)
    require_images(settings.platform, pipeline)
    name = f"{parameters.get('model_name', pipeline.label)} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    run_id = {"run_id": RUN_ID} if "run_id" in known else {}
    return KubeflowPlan({**run_id, **arguments}, settings, name, pipeline)


def submit_run(kubeflow: Kubeflow, plan: KubeflowPlan) -> str:
    """Upload the pipeline if it is new, start a run of it and return the run's ID on Kubeflow.

    Raises:
        PermanentError: Access is denied, or the API refused.
        TransientError: The API is currently unavailable.
    """
    settings = plan.settings.kubeflow
    version = upload_pipeline(kubeflow, plan.settings.platform, settings.cache, plan.pipeline)
    return submit(kubeflow, settings, version, plan.arguments, plan.name)


def follow_submitted(
    kubeflow: Kubeflow,
    run_id: str,
    listener: Listener,
    start_patience: float,
    settings: Settings | None = None,
) -> RunResult:
    """Follow a run to its end and also keep its record on this machine.

    Args:
        kubeflow: Where it runs.
        run_id: Its ID there.
        listener: Called with every event and the run so far.
        start_patience: Seconds that a pod may wait to start before the run is ended.
        settings: Where this machine keeps runs.

    Raises:
        PermanentError: There is no such run, or the API refused.
        TransientError: The API was unavailable for too long; the run goes on without us.
    """
    return _keep(follow_run(kubeflow, run_id, listener, start_patience), settings)


def find_kubeflow_run(
    run_id: str, kubeflow_settings: KubeflowSettings, settings: Settings | None = None
) -> RunResult:
    """Read a run's current state from Kubeflow Pipelines, and keep its record on this machine.

    Raises:
        PermanentError: There is no such run, or access is denied.
        TransientError: The API is currently unavailable.
    """
    return _keep(KubeflowRun(connect(kubeflow_settings), run_id).read(), settings)


def terminate_run(kubeflow: Kubeflow, run_id: str, settings: Settings | None = None) -> None:
    """End a run; first keep what is known of it, such as why a pod has not started.

    Raises:
        PermanentError: There is no such run, it has ended, or the API refused.
        TransientError: The API is currently unavailable.
    """
    result = _keep(KubeflowRun(kubeflow, run_id).read(), settings)
    if result.state != "running":
        received = f"{run_id}, which has ended ({result.state})"
        raise PermanentError(
            "a run in progress", received, f"see `{write_command('show', run_id)}`"
        )
    kubeflow.call(kubeflow.client.terminate_run, run_id)


def _keep(result: RunResult, settings: Settings | None) -> RunResult:
    """Save a record, combined with an earlier one that may contain more; return it.

    Reading or ending a run does not depend on this machine's disk.
    """
    run_dir = (settings or Settings()).runs / result.run_id
    with suppress(PermanentError):  # there is none yet, or it is from another release
        result = merge_readings(RunResult.load(run_dir), result)
    try:
        with writing(run_dir, *HOME):
            run_dir.mkdir(parents=True, exist_ok=True)
            result.save(run_dir)
    except ViewfinderError as error:
        _log.warning("The run's record is not kept on this machine: %s", error)
    return result
