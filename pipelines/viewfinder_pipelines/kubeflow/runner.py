"""Plan a run on Kubeflow Pipelines, submit it, follow it, find it again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.kubeflow.following import follow_run
from viewfinder_pipelines.kubeflow.reach import (
    find_photos,
    require_claim,
    require_images,
    require_reach,
)
from viewfinder_pipelines.kubeflow.record_merging import merge_readings
from viewfinder_pipelines.kubeflow.result import KubeflowRun
from viewfinder_pipelines.kubeflow.submission import submit, upload_pipeline
from viewfinder_pipelines.pipeline.assignments import parse_assignments, parse_table
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import RUN_ID, TRAINING
from viewfinder_pipelines.runs.events import Listener
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import ClusterSettings, KubeflowSettings


@dataclass(frozen=True)
class KubeflowPlan:
    """A run that may be submitted.

    Attributes:
        arguments: The pipeline parameters that are given.
        settings: Which Kubeflow, and what the pods get.
        name: The run's name in the UI.
        pipeline: Which pipeline runs.
    """

    arguments: Mapping[str, Any]
    settings: ClusterSettings
    name: str
    pipeline: PipelineDefinition = TRAINING


@dataclass(frozen=True)
class SubmittedRun:
    """A run that Kubeflow Pipelines has taken on.

    Attributes:
        kubeflow: Where it runs.
        run_id: Kubeflow Pipelines' id of the run.
    """

    kubeflow: Kubeflow
    run_id: str

    @property
    def page(self) -> str:
        """Where to see the run in a browser, or what is needed to know that."""
        page = self.kubeflow.run_page(self.run_id)
        return page or (
            f"{self.kubeflow.host} (the API; set KFP_UI_HOST to the UI's address for a link that "
            "opens in a browser)"
        )


def plan_kubeflow_run(
    options: Mapping[str, Any], assignments: Sequence[str], settings: ClusterSettings
) -> KubeflowPlan:
    """Plan a run on Kubeflow Pipelines.

    Args:
        options: Pipeline parameters by name.
        assignments: More parameters as `key=value`; they win over `options`, which win over the
            settings file's.
        settings: Which Kubeflow, and what the pods get.

    Raises:
        PermanentError: A parameter is missing, unknown, of the wrong type, or names a place that
            the pods cannot see.
    """
    arguments = {
        **parse_table(settings.parameters),
        **options,
        **parse_assignments(assignments),
    }
    for name in ("data", "model_root"):
        require_reach(name, str(arguments.get(name, "")), settings.platform)
    arguments["data"] = find_photos(str(arguments["data"]), settings.platform, TRAINING)
    require_claim(str(arguments["model_root"]), settings.platform, TRAINING)
    check_parameters(TRAINING.with_defaults(arguments))
    require_images(settings.platform, TRAINING)
    model = arguments.get("model_name", TRAINING.with_defaults({})["model_name"])
    name = f"{model} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    return KubeflowPlan({"run_id": RUN_ID, **arguments}, settings, name)


def submit_run(plan: KubeflowPlan) -> SubmittedRun:
    """Upload the pipeline if it is new, and start a run of it.

    Raises:
        PermanentError: Not allowed in, or the API refused.
        TransientError: The API is not there at the moment.
    """
    settings = plan.settings.kubeflow
    kubeflow = connect(settings)
    version = upload_pipeline(kubeflow, plan.settings.platform, settings.cache, plan.pipeline)
    return SubmittedRun(kubeflow, submit(kubeflow, settings, version, plan.arguments, plan.name))


def follow_submitted(
    run: SubmittedRun,
    listener: Listener,
    start_patience: float,
    settings: Settings | None = None,
) -> RunResult:
    """Follow a run to its end and keep its record on this machine as well.

    Args:
        run: The run.
        listener: Called with every event and the run so far.
        start_patience: Seconds that a pod may wait to start before the run is ended.
        settings: Where this machine keeps runs.

    Raises:
        PermanentError: There is no such run, or the API refused.
        TransientError: The API was away for too long; the run goes on without us.
    """
    return _keep(follow_run(run.kubeflow, run.run_id, listener, start_patience), settings)


def find_kubeflow_run(
    run_id: str, kubeflow_settings: KubeflowSettings, settings: Settings | None = None
) -> RunResult:
    """Read a run from Kubeflow Pipelines as it is now, and keep its record on this machine.

    Raises:
        PermanentError: There is no such run, or not allowed in.
        TransientError: The API is not there at the moment.
    """
    return _keep(KubeflowRun(connect(kubeflow_settings), run_id).read(), settings)


def terminate_run(kubeflow: Kubeflow, run_id: str, settings: Settings | None = None) -> None:
    """End a run; what is known of it, such as why a pod has not started, is kept before.

    Raises:
        PermanentError: There is no such run, it has ended, or the API refused.
        TransientError: The API is not there at the moment.
    """
    result = _keep(KubeflowRun(kubeflow, run_id).read(), settings)
    if result.state != "running":
        received = f"{run_id}, which has ended ({result.state})"
        raise PermanentError("a run that is going", received, f"see `viewfinder show {run_id}`")
    kubeflow.call(kubeflow.client.terminate_run, run_id)


def _keep(result: RunResult, settings: Settings | None) -> RunResult:
    """Save a record, put together with an earlier one that may tell more; return it."""
    run_dir = (settings or Settings()).runs / result.run_id
    run_dir.mkdir(parents=True, exist_ok=True)
    with suppress(PermanentError):  # there is none yet, or it is of another release
        result = merge_readings(RunResult.load(run_dir), result)
    result.save(run_dir)
    return result
