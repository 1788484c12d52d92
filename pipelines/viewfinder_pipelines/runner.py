"""Plan a run, run it here, find it again."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.store import open_store
from viewfinder_pipelines.compiling import (
    compile_pipeline,
    list_parameters,
    parse_assignment,
    with_defaults,
)
from viewfinder_pipelines.events import Listener
from viewfinder_pipelines.local_runner import run_locally
from viewfinder_pipelines.parameters import check_parameters
from viewfinder_pipelines.record import RECORD_FILE, RunResult
from viewfinder_pipelines.run_report import write_report
from viewfinder_pipelines.settings import Settings

_PIPELINE_FILE = "pipeline.yaml"


@dataclass(frozen=True)
class RunPlan:
    """A run that may begin, or go on.

    Attributes:
        run_dir: The run's folder; its name is the run's id.
        arguments: The pipeline parameters that are given.
    """

    run_dir: Path
    arguments: Mapping[str, Any]


def plan_run(
    options: Mapping[str, Any], assignments: Sequence[str] = (), settings: Settings | None = None
) -> RunPlan:
    """Plan a new run.

    Args:
        options: Pipeline parameters by name; `data` is required.
        assignments: More parameters as `key=value`; they win over `options`.
        settings: Where runs and models are kept.

    Raises:
        PermanentError: A parameter is missing, unknown or of the wrong type.
    """
    settings = settings or Settings()
    arguments = {**options, **dict(map(parse_assignment, assignments))}
    if not arguments.get("data"):
        raise PermanentError(
            "photos to train on",
            "no --data",
            "name a folder with one folder of photos a class: viewfinder run --data PHOTOS",
        )
    arguments["data"] = _anchor(arguments["data"])
    arguments["model_root"] = _anchor(arguments.get("model_root", str(settings.models)))
    arguments.setdefault("checkpoint_root", str(settings.checkpoints))
    arguments.setdefault("run_id", _new_run_id())
    arguments.setdefault("deploy", False)  # a laptop has no cluster, unless told
    open_store(arguments["model_root"])
    check_parameters(with_defaults(arguments))
    return RunPlan(settings.runs / arguments["run_id"], arguments)


def resume_run(
    run_id: str,
    options: Mapping[str, Any],
    assignments: Sequence[str],
    settings: Settings | None = None,
) -> RunPlan:
    """Plan to go on with a run that was cut off or failed, with the parameters it had.

    Raises:
        PermanentError: The run is unknown or still running, or parameters are given as well.
    """
    result = load_run(run_id, settings)
    if options or assignments:
        raise PermanentError(
            "--resume RUN alone, since a resumed run keeps its parameters",
            f"also {', '.join([*options, *assignments])}",
            "leave them out, or start a new run",
        )
    if result.state == "running":
        raise PermanentError(
            f"run {run_id} to have ended", f"it runs in process {result.process}", "wait for it"
        )
    known = list_parameters()
    given = {k: v for k, v in result.parameters.items() if known[k].default != v}
    return RunPlan(_run_dir(run_id, settings), given)


def run_pipeline(plan: RunPlan, listener: Listener) -> RunResult:
    """Compile the pipeline, run it on this machine and write record and report.

    Args:
        plan: What to run.
        listener: Called after every line of output.

    Returns:
        The run's record.
    """
    plan.run_dir.mkdir(parents=True, exist_ok=True)
    pipeline = plan.run_dir / _PIPELINE_FILE
    compile_pipeline(pipeline)
    result = run_locally(
        pipeline, plan.arguments, with_defaults(plan.arguments), plan.run_dir, listener
    )
    report = write_report(plan.run_dir, result)
    if report is not None:
        result = replace(result, report=str(report))
        result.save(plan.run_dir)
    return result


def load_run(run_id: str, settings: Settings | None = None) -> RunResult:
    """Read a past run's record.

    Raises:
        PermanentError: There is no such run.
    """
    return RunResult.load(_run_dir(run_id, settings))


def list_runs(settings: Settings | None = None) -> list[RunResult]:
    """Return every run's record, the newest last."""
    runs = (settings or Settings()).runs
    found = [RunResult.load(path.parent) for path in runs.glob(f"*/{RECORD_FILE}")]
    return sorted(found, key=lambda run: (run.started, run.run_id))


def _run_dir(run_id: str, settings: Settings | None) -> Path:
    return (settings or Settings()).runs / Path(run_id).name


def _new_run_id() -> str:
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _anchor(location: str) -> str:
    """Make a relative path absolute: steps run in working directories of their own."""
    return location if "://" in location else str(Path(location).expanduser().absolute())
