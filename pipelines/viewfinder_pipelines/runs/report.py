"""The run's page: the evaluation's report, with what happened before and after it."""

import shutil
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError
from viewfinder_components.foreign_errors import name_cause
from viewfinder_components.formats.json_files import read_object
from viewfinder_components.formats.verdict import VERDICT
from viewfinder_components.spelling import write_command
from viewfinder_components.step import Role
from viewfinder_components.whole_files import write_text
from viewfinder_pipelines.runs.file_lists import find_photo_list
from viewfinder_pipelines.runs.outputs import find_task_root
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.runs.resuming import explain_resuming, write_resuming
from viewfinder_pipelines.settings.environment import Settings

REPORT_FILE = "report.html"
_REMEDY = "restore it from a copy, or start a new run"
_MISREADINGS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def write_report(run_dir: Path, result: RunResult) -> Path | None:
    """Write `report.html` for a run that got far enough to have one.

    Args:
        run_dir: The run's folder.
        result: The run's record.

    Returns:
        The page's path; None if no step left anything to show.
    """
    path = run_dir / REPORT_FILE
    gate = result.step_of(Role.GATE)
    if gate is not None and "evaluation" in gate.artifacts:
        write_text(path, _render(result, run_dir))
        return path
    # The validate step writes its page before its gates fail it.
    root = find_task_root(run_dir / "steps", "validate", finished=False)
    if root is not None and (root / "validation_report").is_file():
        shutil.copyfile(root / "validation_report", path)
        return path
    return None


def _render(result: RunResult, run_dir: Path) -> str:
    from jinja2 import TemplateError

    from viewfinder_components.evaluation.report import render_run_report

    gate = result.step_of(Role.GATE)
    assert gate is not None  # noqa: S101  (checked by the caller)
    evaluation, run = Path(gate.artifacts["evaluation"].uri), describe_run(result, run_dir)
    try:
        return render_run_report(evaluation, run)
    except (*_MISREADINGS, TemplateError) as error:  # the template's, for what is not there
        raise PermanentError(
            f"what evaluate and check wrote about run {result.run_id}, such as {evaluation}",
            name_cause(error),
            "restore it from a copy, or start a new run",
        ) from error


def describe_run(result: RunResult, run_dir: Path) -> dict[str, Any]:
    """Return what the page says about a run.

    Args:
        result: The run's record.
        run_dir: The run's folder.
    """
    steps = [
        {
            "name": s.name,
            "state": s.shown_state,
            "seconds": s.seconds,
            "reused_seconds": s.reused_seconds,
            "phases": s.phases,
        }
        for s in result.steps
    ]
    return {
        "run_id": result.run_id,
        "state": result.state,
        "reason": str(result.reason),
        "seconds": result.seconds,
        "steps": steps,
        "check": _read_verdict(result),
        "version": result.version,
        "commands": list_commands(result.version["uri"]) if result.version else [],
        "photo_list": find_photo_list(result, run_dir),
        **_describe_resuming(result, run_dir),
        **({"error": result.error.message} if result.error else {}),
    }


def _describe_resuming(result: RunResult, run_dir: Path) -> dict[str, str]:
    home = run_dir.absolute().parents[1]
    named = None if home == Settings().home else home
    typed = write_resuming(result, named)
    return {"resuming": typed, "hint": explain_resuming(result, named).removeprefix(typed)}


def list_commands(uri: str) -> list[str]:
    """Return the shell commands for using a published version.

    Args:
        uri: The version's.
    """
    return [
        write_command("serve", uri),
        write_command("predict", "PHOTO", "--endpoint", "http://127.0.0.1:8080"),
    ]


def _read_verdict(result: RunResult) -> dict[str, Any] | None:
    check = result.step("check")
    if check is None or "verdict" not in check.artifacts:
        return None
    path = Path(check.artifacts["verdict"].uri) / VERDICT
    verdict = read_object(path, "the verdict of check", _REMEDY)
    checks = verdict.get("checks")
    if not isinstance(checks, list) or not all(isinstance(one, dict) for one in checks):
        raise PermanentError(f"a list of checks in {path}", repr(checks)[:80], _REMEDY)
    return verdict
