"""What to type to resume a run of this machine."""

from pathlib import Path

from viewfinder_components.spelling import is_in_python, write_command
from viewfinder_pipelines.pipeline.registry import PIPELINES, TRAINING
from viewfinder_pipelines.runs.record import RunResult

_PUBLIC_NAMES = {one.name: f"viewfinder.{one.label.upper().replace('-', '_')}" for one in PIPELINES}
PLACEHOLDER = "PIPELINE"
"""Stands for the definition of a pipeline that is not of this project."""


def write_resuming(result: RunResult, home: str | Path | None = None) -> str:
    """Return the command that resumes a run, or the call in Python where there is no command.

    Args:
        result: The run's record.
        home: Where runs are kept, as for `viewfinder.run`.
    """
    is_training = result.pipeline in ("", TRAINING.name)
    if is_training and not is_in_python():
        return write_command("run", "--resume", result.run_id)
    named = _PUBLIC_NAMES.get(result.pipeline, PLACEHOLDER)
    pipeline = "" if is_training else f", pipeline={named}"
    elsewhere = f", home={str(home)!r}" if home is not None else ""
    return f'viewfinder.resume("{result.run_id}"{pipeline}{elsewhere})'


def explain_resuming(result: RunResult, home: str | Path | None = None) -> str:
    """Return the same for a reader who may not know where to type it, and what stands for what.

    Args:
        result: The run's record.
        home: Where runs are kept, as for `viewfinder.run`.
    """
    typed = write_resuming(result, home)
    where = "" if is_in_python() or not typed.startswith("viewfinder.") else " in Python"
    is_own = result.pipeline and result.pipeline not in _PUBLIC_NAMES
    own = f", where {PLACEHOLDER} is the definition of {result.pipeline}" if is_own else ""
    return f"{typed}{where}{own}"
