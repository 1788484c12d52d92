"""Where the list of a run's photos is: every file that was found, and why some were left out."""

from pathlib import Path

from viewfinder_components.formats.photo_index import INDEX
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
