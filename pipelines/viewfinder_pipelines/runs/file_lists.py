"""Where the lists are that a run leaves for its user: of all files, and of doubtful labels."""

from pathlib import Path

from viewfinder_components.formats.label_issues import LABEL_ISSUES
from viewfinder_components.formats.photo_index import INDEX
from viewfinder_components.step import Role
from viewfinder_pipelines.runs.outputs import find_task_root
from viewfinder_pipelines.runs.record import RunResult


def find_photo_list(result: RunResult, run_dir: Path) -> str | None:
    """Return the path or URI of the list of photos written by validate.

    Args:
        result: The run's record.
        run_dir: The run's folder on this machine; a failed validate leaves its list there.

    Returns:
        None if validate left none.
    """
    validate = result.step("validate")
    if validate is not None and "index" in validate.artifacts:
        return f"{validate.artifacts['index'].uri.rstrip('/')}/{INDEX}"
    root = find_task_root(run_dir / "steps", "validate", finished=False)
    if not result.is_local or root is None or not (root / "index" / INDEX).is_file():
        return None
    return str(root / "index" / INDEX)


def find_label_list(result: RunResult) -> str | None:
    """Return the path of the list of labels worth a second look.

    Args:
        result: The run's record.

    Returns:
        None if evaluate left none, found none, or did not run on this machine.
    """
    gate = result.step_of(Role.GATE)
    if not result.is_local or gate is None or "evaluation" not in gate.artifacts:
        return None
    path = Path(gate.artifacts["evaluation"].uri) / LABEL_ISSUES
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as lines:  # a spreadsheet may have saved it
        return str(path) if sum(1 for _ in lines) > 1 else None
