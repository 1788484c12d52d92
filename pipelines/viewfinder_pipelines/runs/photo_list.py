"""Where the list of a run's photos lies: every file that was met, and why some were left out."""

from pathlib import Path

from viewfinder_pipelines.runs.outputs import find_task_root
from viewfinder_pipelines.runs.record import RunResult


def find_photo_list(result: RunResult, run_dir: Path) -> str | None:
    """Return the path or URI of the list of photos that validate wrote.

    Args:
        result: The run's record.
        run_dir: The run's folder on this machine; a failed validate has left its list there.

    Returns:
        None where validate left none.
    """
    from viewfinder_components.validation.index import INDEX

    validate = result.step("validate")
    if validate is not None and "index" in validate.artifacts:
        return f"{validate.artifacts['index'].uri.rstrip('/')}/{INDEX}"
    root = find_task_root(run_dir / "steps", "validate", finished=False)
    if not result.is_local or root is None or not (root / "index" / INDEX).is_file():
        return None
    return str(root / "index" / INDEX)
