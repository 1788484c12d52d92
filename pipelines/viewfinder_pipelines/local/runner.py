"""Plan a run, run it here, find it again."""

import logging
import os
import re
import secrets
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.errors import ParameterError, PermanentError, UsageError
from viewfinder_components.spelling import spell, write_command
from viewfinder_components.writing import HOME, explaining_system, need_writable
from viewfinder_pipelines.local.execution import run_locally
from viewfinder_pipelines.local.places import anchor, check_places, check_prediction
from viewfinder_pipelines.pipeline.assignments import need_parameters
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import TRAINING
from viewfinder_pipelines.runs.events import Listener
from viewfinder_pipelines.runs.files import RunLog
from viewfinder_pipelines.runs.record import RECORD_FILE, RunResult
from viewfinder_pipelines.runs.report import write_report
from viewfinder_pipelines.runs.resuming import explain_resuming
from viewfinder_pipelines.runs.run_id import complete_run_id, list_run_ids
from viewfinder_pipelines.settings.environment import Settings

_PIPELINE_FILE = "pipeline.yaml"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PLACES = {"data", "model_root", "weights", "checkpoint_root", "corrections"}
_ENDED = ("succeeded", "refused")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunPlan:
    """A run that may start, or be resumed.

    Attributes:
        run_dir: The run's folder; its name is the run's ID.
        arguments: The pipeline parameters that were given.
        ended: The record of a run that has nothing left to do.
        pipeline: What runs.
    """

    run_dir: Path
    arguments: Mapping[str, Any]
    ended: RunResult | None = None
    pipeline: PipelineDefinition = TRAINING


def plan_run(
    arguments: Mapping[str, Any],
    settings: Settings | None = None,
    pipeline: PipelineDefinition = TRAINING,
) -> RunPlan:
    """Plan a new run.

    Args:
        arguments: The pipeline's parameters that are set, by name.
        settings: Where runs and models are kept.
        pipeline: What runs.

    Raises:
        PermanentError: A parameter is missing, unknown, of the wrong type or out of range, a place
            cannot be used, or the run_id is another run's.
        TransientError: The store of the model root does not answer.
    """
    settings, run_id = settings or Settings(), _new_run_id()
    known = pipeline.parameters
    on_this_machine = {
        "model_root": str(settings.models),
        "checkpoint_root": str(settings.checkpoints),
        "run_id": run_id,
        "deploy": False,  # a laptop has no cluster, unless this is set
    }
    defaults = {name: value for name, value in on_this_machine.items() if name in known}
    arguments = {**defaults, **need_parameters(arguments, pipeline)}
    _need_required(arguments, pipeline)
    predicts = pipeline.has_step("predict")
    places = {*_PLACES, "output"} if predicts else _PLACES
    for name in places & arguments.keys():
        if isinstance(arguments[name], str):  # the check below refuses anything else
            arguments[name] = anchor(arguments[name])
    parameters = pipeline.with_defaults(arguments)
    check_parameters(pipeline, parameters)
    run_dir = _new_run_dir(settings, arguments.get("run_id", run_id))
    need_writable(settings.home, *HOME)
    check_places(parameters, publishes=pipeline.has_step("publish") or not predicts)
    if predicts:
        check_prediction(parameters, publishes=pipeline.has_step("publish"))
    return RunPlan(run_dir, arguments, pipeline=pipeline)


def _need_required(arguments: Mapping[str, Any], pipeline: PipelineDefinition) -> None:
    required = [one.name for one in pipeline.parameters.values() if one.is_required]
    missing = [name for name in required if arguments.get(name) in (None, "")]
    if "data" in missing:
        trains = "layout" in pipeline.parameters
        raise UsageError(
            "training photos" if trains else "photos",
            f"no {spell('data')}",
            f"name a folder {'with one folder of photos per class' if trains else 'of photos'}: "
            f"{spell('data', 'PHOTOS')}",
        )
    if missing:
        raise UsageError(
            f"every parameter of the {pipeline.label} pipeline that has no default",
            f"no {', '.join(missing)}",
            "set the missing parameters",
        )


def resume_run(
    run_id: str, settings: Settings | None = None, pipeline: PipelineDefinition = TRAINING
) -> RunPlan:
    """Plan to resume an interrupted or failed run, with the same parameters.

    A run that succeeded, or was refused by the gate, is not run again: its plan contains its
    record.

    Args:
        run_id: The run's ID, or an unambiguous prefix of it.
        settings: Where runs are kept.
        pipeline: The run's pipeline.

    Raises:
        PermanentError: The run is unknown, still running, not this machine's, or another
            pipeline's.
    """
    result = load_run(run_id, settings)
    if not result.is_local:
        raise PermanentError(
            "a run on this machine",
            f"{result.run_id}, a run on {result.where}",
            "submit it there again",
        )
    if result.pipeline not in ("", pipeline.name):
        raise PermanentError(
            f"a run of the pipeline {pipeline.name}",
            f"{result.run_id}, a run of {result.pipeline}",
            f"write {explain_resuming(result, _named_home(settings))}",
        )
    if result.state == "running":
        raise PermanentError(
            f"run {result.run_id} to have ended",
            f"it runs in process {result.process}",
            "wait for it",
        )
    ended = result if result.state in _ENDED else None
    run_dir = _run_dir(result.run_id, settings)
    if ended is None:
        need_writable(run_dir, *HOME)
    return RunPlan(run_dir, _given(result, pipeline), ended, pipeline)


def _named_home(settings: Settings | None) -> Path | None:
    """Return the home that a call has to name; None if it is found without."""
    home = (settings or Settings()).home
    return None if home == Settings().home else home


def _given(result: RunResult, pipeline: PipelineDefinition) -> dict[str, Any]:
    """Return the parameters of a run that differ from the pipeline's defaults."""
    known = pipeline.parameters
    if unknown := result.parameters.keys() - known.keys():
        raise PermanentError(
            "a run of this release's pipeline",
            f"parameters it does not have: {', '.join(sorted(unknown))}",
            "resume it with the release of viewfinder that started the run, or start a new run",
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
        UsageError: The pipeline's function cannot be imported.
        PermanentError: Another process is working on the run, or the disk is full.
    """
    if plan.ended is not None:  # a signal may have interrupted it before its report
        return plan.ended if plan.ended.report else _with_report(plan.ended, plan.run_dir)
    plan.pipeline.load()  # a definition without a function leaves no folder behind
    with explaining_system():
        plan.run_dir.mkdir(parents=True, exist_ok=True)
        compiled = _compile_whole(plan.pipeline, plan.run_dir / _PIPELINE_FILE)
    parameters = plan.pipeline.with_defaults(plan.arguments)
    name = plan.pipeline.name
    result = run_locally(compiled, plan.arguments, parameters, plan.run_dir, listener, name)
    return _with_report(result, plan.run_dir)


def _compile_whole(pipeline: PipelineDefinition, path: Path) -> Path:
    """Compile a pipeline into a file that another process may be reading.

    A run here has a cache of its own, in which nothing but its interrupted attempts is found.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        compile_pipeline(temporary, pipeline, cache=False)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _with_report(result: RunResult, run_dir: Path) -> RunResult:
    """Write the run's page; if that fails, the run has still ended as its record says."""
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
        run_id: The run's ID, or an unambiguous prefix of it.
        settings: Where runs are kept.

    Raises:
        PermanentError: There is no such run, or several match.
    """
    settings = settings or Settings()
    return RunResult.load(_run_dir(complete_run_id(settings.runs, run_id), settings))


def list_runs(settings: Settings | None = None) -> list[RunResult]:
    """Return every run's record, newest last; unreadable ones are logged and omitted.

    Args:
        settings: Where runs are kept.

    Raises:
        PermanentError: The folder of the runs is there but cannot be read.
    """
    found, runs = [], (settings or Settings()).runs
    for run_id in list_run_ids(runs):
        try:
            found.append(RunResult.load(runs / run_id))
        except PermanentError as error:
            _log.warning("omitting %s: %s", run_id, error)
    return sorted(found, key=lambda run: (run.started, run.run_id))


def _new_run_dir(settings: Settings, run_id: str) -> Path:
    if not _RUN_ID.fullmatch(run_id):
        raise ParameterError(
            "run_id",
            "at most 100 letters, digits, dots, dashes and underscores, first a letter or digit",
            run_id,
            "omit run_id, or choose another",
        )
    run_dir = settings.runs / run_id
    if os.path.exists(run_dir / RECORD_FILE):
        raise PermanentError(
            "a run_id that is not in use",
            run_id,
            f"choose another; `{write_command('show', run_id)}` shows that run",
        )
    return run_dir


def _run_dir(run_id: str, settings: Settings | None) -> Path:
    return (settings or Settings()).runs / Path(run_id).name


def _new_run_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
