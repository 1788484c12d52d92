"""Plan a run, run it here, find it again."""

import logging
import os
import re
import secrets
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.errors import ParameterError, PermanentError, UsageError
from viewfinder_pipelines.local.execution import run_locally
from viewfinder_pipelines.local.places import anchor, check_places
from viewfinder_pipelines.pipeline.assignments import parse_assignments
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.runs.events import Listener
from viewfinder_pipelines.runs.files import RunLog
from viewfinder_pipelines.runs.record import RECORD_FILE, RunResult
from viewfinder_pipelines.runs.report import write_report
from viewfinder_pipelines.runs.run_id import complete_run_id
from viewfinder_pipelines.settings.environment import Settings

_PIPELINE_FILE = "pipeline.yaml"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PLACES = {"data", "model_root", "weights", "checkpoint_root"}
_ENDED = ("succeeded", "refused")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunPlan:
    """A run that may begin, or go on.

    Attributes:
        run_dir: The run's folder; its name is the run's id.
        arguments: The pipeline parameters that are given.
        ended: The record of a run that has nothing left to do.
        pipeline: What runs.
    """

    run_dir: Path
    arguments: Mapping[str, Any]
    ended: RunResult | None = None
    pipeline: PipelineDefinition = TRAINING


def plan_run(
    options: Mapping[str, Any], assignments: Sequence[str] = (), settings: Settings | None = None
) -> RunPlan:
    """Plan a new run.

    Args:
        options: Pipeline parameters by name; `data` is required.
        assignments: More parameters as `key=value`; they win over `options`.
        settings: Where runs and models are kept.

    Raises:
        PermanentError: A parameter is missing, unknown, of the wrong type or out of its range, a
            place cannot be used, or the run_id is another run's.
        TransientError: The store of the model root does not answer.
    """
    settings = settings or Settings()
    arguments = {**options, **parse_assignments(assignments)}
    if not arguments.get("data"):
        raise UsageError(
            "photos to train on",
            "no --data",
            "name a folder with one folder of photos a class: viewfinder run --data PHOTOS",
        )
    arguments.setdefault("model_root", str(settings.models))
    arguments.setdefault("checkpoint_root", str(settings.checkpoints))
    for name in _PLACES & arguments.keys():
        arguments[name] = anchor(arguments[name])
    arguments.setdefault("run_id", _new_run_id())
    arguments.setdefault("deploy", False)  # a laptop has no cluster, unless told
    parameters = TRAINING.with_defaults(arguments)
    check_parameters(parameters)
    run_dir = _new_run_dir(settings, arguments["run_id"])
    check_places(parameters)
    return RunPlan(run_dir, arguments)


def resume_run(
    run_id: str,
    options: Mapping[str, Any],
    assignments: Sequence[str],
    settings: Settings | None = None,
) -> RunPlan:
    """Plan to go on with a run that was cut off or failed, with the parameters it had.

    A run that has ended well, or was refused by the gate, is not run again: its plan holds its
    record.

    Raises:
        PermanentError: The run is unknown, still running or not this machine's, or parameters are
            given as well.
    """
    result = load_run(run_id, settings)
    if options or assignments:
        raise UsageError(
            "--resume RUN alone, since a resumed run keeps its parameters",
            f"also {', '.join([*options, *assignments])}",
            "leave them out, or start a new run",
        )
    if not result.is_local:
        raise PermanentError(
            "a run of this machine",
            f"{result.run_id}, a run at {result.where}",
            "submit it there again",
        )
    if result.pipeline not in ("", TRAINING.name):
        raise PermanentError(
            f"a run of the pipeline {TRAINING.name}",
            f"{result.run_id}, a run of {result.pipeline}",
            "resume it with the program that started it",
        )
    if result.state == "running":
        raise PermanentError(
            f"run {result.run_id} to have ended",
            f"it runs in process {result.process}",
            "wait for it",
        )
    ended = result if result.state in _ENDED else None
    return RunPlan(_run_dir(result.run_id, settings), _given(result), ended)


def _given(result: RunResult) -> dict[str, Any]:
    """Return the parameters of a run that differ from the pipeline's defaults."""
    known = TRAINING.parameters
    if unknown := result.parameters.keys() - known.keys():
        raise PermanentError(
            "a run of this release's pipeline",
            f"parameters that it does not have: {', '.join(sorted(unknown))}",
            "go on with the release of viewfinder that started the run, or start a new run",
        )
    return {k: v for k, v in result.parameters.items() if known[k].default != v}


def run_pipeline(plan: RunPlan, listener: Listener) -> RunResult:
    """Compile the pipeline, run it on this machine and write record and report.

    Args:
        plan: What to run.
        listener: Called after every line of output.

    Returns:
        The run's record.

    Raises:
        PermanentError: Another process is at work on the run.
    """
    if plan.ended is not None:  # a signal may have come between its end and its report
        return plan.ended if plan.ended.report else _with_report(plan.ended, plan.run_dir)
    plan.run_dir.mkdir(parents=True, exist_ok=True)
    compiled = _compile_whole(plan.pipeline, plan.run_dir / _PIPELINE_FILE)
    parameters = plan.pipeline.with_defaults(plan.arguments)
    name = plan.pipeline.name
    result = run_locally(compiled, plan.arguments, parameters, plan.run_dir, listener, name)
    return _with_report(result, plan.run_dir)


def _compile_whole(pipeline: PipelineDefinition, path: Path) -> Path:
    """Compile a pipeline into a file that another process may be reading."""
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        compile_pipeline(temporary, pipeline)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _with_report(result: RunResult, run_dir: Path) -> RunResult:
    """Write the run's page; whatever goes wrong there, the run has ended as its record says."""
    try:
        report = write_report(run_dir, result)
        if report is None:
            return result
        result = replace(result, report=str(report))
        result.save(run_dir)
    except Exception as error:
        log = RunLog(run_dir)
        log.write(traceback.format_exc())
        log.close()
        _log.warning("The report could not be written (%s); %s has the details.", error, log.path)
    return result


def load_run(run_id: str, settings: Settings | None = None) -> RunResult:
    """Read a past run's record.

    Args:
        run_id: The run's id, or an unambiguous beginning of it.
        settings: Where runs are kept.

    Raises:
        PermanentError: There is no such run, or several begin so.
    """
    settings = settings or Settings()
    return RunResult.load(_run_dir(complete_run_id(settings.runs, run_id), settings))


def list_runs(settings: Settings | None = None) -> list[RunResult]:
    """Return every run's record, the newest last; one that cannot be read is told and left out."""
    found = []
    for path in (settings or Settings()).runs.glob(f"*/{RECORD_FILE}"):
        try:
            found.append(RunResult.load(path.parent))
        except PermanentError as error:
            _log.warning("%s is left out: %s", path.parent.name, error)
    return sorted(found, key=lambda run: (run.started, run.run_id))


def _new_run_dir(settings: Settings, run_id: str) -> Path:
    if not _RUN_ID.fullmatch(run_id):
        raise ParameterError(
            "run_id",
            "at most 100 letters, digits, dots, dashes and underscores, a letter or digit first",
            run_id,
            "leave run_id out, or choose another",
        )
    run_dir = settings.runs / run_id
    if (run_dir / RECORD_FILE).exists():
        raise PermanentError(
            "a run_id that no run has yet",
            run_id,
            f"choose another; `viewfinder show {run_id}` shows that run",
        )
    return run_dir


def _run_dir(run_id: str, settings: Settings | None) -> Path:
    return (settings or Settings()).runs / Path(run_id).name


def _new_run_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
