"""Start runs on this machine, and find runs again wherever they are."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from viewfinder.arguments import checked, merge
from viewfinder_components.errors import ViewfinderError
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.runs.events import Event, Listener
from viewfinder_pipelines.runs.record import (
    ArtifactRecord,
    Gap,
    RunError,
    RunResult,
    StepResult,
)
from viewfinder_pipelines.runs.run_id import complete_run_id
from viewfinder_pipelines.settings.environment import Settings

if TYPE_CHECKING:
    from viewfinder.kubeflow import KubeflowPipelines
    from viewfinder_pipelines.local.runner import RunPlan

__all__ = [
    "ArtifactRecord",
    "Event",
    "Gap",
    "Listener",
    "RunError",
    "RunInterrupted",
    "RunReason",
    "RunResult",
    "StepResult",
    "find_ended",
    "list_runs",
    "load_run",
    "resume",
    "run",
]


class RunInterrupted(KeyboardInterrupt):
    """A run on this machine was interrupted: what its finished steps did is kept for `resume`.

    Attributes:
        result: The run's record.
    """

    def __init__(self, result: RunResult) -> None:
        super().__init__(f"run {result.run_id} was interrupted")
        self.result = result

    def __reduce__(self) -> tuple[type[Self], tuple[RunResult]]:
        """Say how to pickle and copy it; Python would call the class with the message."""
        return type(self), (self.result,)


@checked
def run(
    data: str | Path | None = None,
    *,
    pipeline: PipelineDefinition = TRAINING,
    listener: Listener | None = None,
    home: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    **named: Any,
) -> RunResult:
    """Run a pipeline on this machine and wait for its end.

    Args:
        data: The photos: a folder with one folder of photos a class, a table (CSV, TSV, parquet), a
            bucket or a `package://` data set. A pipeline without this parameter takes none.
        pipeline: The pipeline to run: the training pipeline, or your own.
        listener: Called with each event and the run so far; None shows the steps as they run,
            and how the run ended.
        home: Where runs, models and checkpoints are kept; None for `VIEWFINDER_HOME`, or
            `.viewfinder` in the working directory.
        parameters: The pipeline's other parameters (docs/parameters.md), by name; a
            parameter of your own pipeline that has the name of an argument goes here.
        named: The same parameters as keyword arguments.

    Returns:
        The run's record. A failure of a step, or a refusal by the gate, is a state of the record,
        not an exception.

    Raises:
        UsageError: A parameter is missing, unknown, or out of its range.
        PermanentError: A folder cannot be used, or another process is working on the run.
        TransientError: The store of the photos or of the model root does not answer.
        RunInterrupted: Ctrl-C, after the run's processes have ended; a `KeyboardInterrupt`.
    """
    from viewfinder_pipelines.local.runner import plan_run

    given = merge(parameters, named if data is None else {"data": data, **named})
    return _execute(plan_run(given, Settings.at(home), pipeline), listener, home)


@checked
def resume(
    run_id: str,
    *,
    pipeline: PipelineDefinition = TRAINING,
    listener: Listener | None = None,
    home: str | Path | None = None,
) -> RunResult:
    """Resume a local run that was interrupted or failed, and wait for its end.

    The run keeps its parameters and the results of its finished steps. A run that has succeeded, or
    was refused by the gate, is returned as it is.

    Args:
        run_id: The run's id, or an unambiguous beginning of it.
        pipeline: The pipeline that the run belongs to.
        listener: As for `run`.
        home: As for `run`.

    Raises:
        PermanentError: The run is unknown, still running, of another pipeline, or on Kubeflow.
        RunInterrupted: As for `run`.
    """
    from viewfinder_pipelines.local.runner import resume_run

    return _execute(resume_run(run_id, Settings.at(home), pipeline), listener, home)


@checked
def find_ended(run_id: str) -> RunResult | None:
    """Return the record of a run that `resume` would return as it is; None for any other.

    Args:
        run_id: As for `resume`.

    Raises:
        PermanentError: As for `resume`.
    """
    from viewfinder_pipelines.local.runner import resume_run

    return resume_run(run_id).ended


def _execute(plan: "RunPlan", listener: Listener | None, home: str | Path | None) -> RunResult:
    from viewfinder.display import show_run
    from viewfinder_pipelines.local.runner import run_pipeline

    begun = None if plan.ended else plan.run_dir
    result = show_run(lambda hear: run_pipeline(plan, hear), listener, home, begun)
    if result.state == "interrupted" and plan.ended is None:
        raise RunInterrupted(result)
    return result


@checked
def load_run(
    run_id: str, *, kubeflow: "KubeflowPipelines | None" = None, home: str | Path | None = None
) -> RunResult:
    """Return a run's record.

    A run on Kubeflow that is still running, or of which not everything could be read, is read
    again.

    Args:
        run_id: The run's id or an unambiguous beginning of it, or Kubeflow Pipelines' own id.
        kubeflow: Where to look for a run that is not known on this machine; None for what the
            settings file and the environment say.
        home: As for `run`.

    Raises:
        PermanentError: There is no such run, or Kubeflow Pipelines denies access.
        TransientError: Kubeflow Pipelines does not answer.
    """
    from viewfinder.kubeflow import KubeflowPipelines
    from viewfinder_pipelines.local import runner

    settings = Settings.at(home)
    run_id = complete_run_id(settings.runs, run_id)
    if not (settings.runs / run_id).is_dir() and _is_kubeflow_id(run_id):
        return (kubeflow or KubeflowPipelines()).read_run(run_id, home=home)
    result = runner.load_run(run_id, settings)
    if result.is_local or (result.state != "running" and not result.gaps):
        return result
    install = (kubeflow or KubeflowPipelines()).with_default_host(result.where)
    try:
        return install.read_run(run_id, home=home)
    except ViewfinderError:
        if result.state == "running":
            raise
        return result  # what is known of it, with its gaps


@checked
def list_runs(*, home: str | Path | None = None) -> list[RunResult]:
    """Return the record of every run known on this machine, the newest last.

    Args:
        home: As for `run`.

    Raises:
        PermanentError: The folder of the runs is there but cannot be read.
    """
    from viewfinder_pipelines.local import runner

    return runner.list_runs(Settings.at(home))


def _is_kubeflow_id(run_id: str) -> bool:
    try:
        return str(uuid.UUID(run_id)) == run_id
    except ValueError:
        return False
