"""Find the run that the beginning of its id names."""

from pathlib import Path

from viewfinder_components.errors import PermanentError
from viewfinder_components.reports.formatting import shorten
from viewfinder_pipelines.runs.record import RECORD_FILE


def complete_run_id(runs: Path, given: str) -> str:
    """Return the id of the run known here that begins as given.

    Args:
        runs: Where this machine keeps runs.
        given: A run's id, or an unambiguous beginning of it.

    Returns:
        The whole id; what was given, where no run begins so.

    Raises:
        PermanentError: Several runs begin so; the message names them.
    """
    name = Path(given).name
    if not name or (runs / name / RECORD_FILE).exists():
        return given
    found = sorted(path.parent.name for path in runs.glob(f"*/{RECORD_FILE}"))
    found = [run_id for run_id in found if run_id.startswith(name)]
    if len(found) > 1:
        raise PermanentError(
            "the beginning of one run's id",
            f"{given}, with which {len(found)} begin: {shorten(found[::-1])}",
            "write more of the id",
        )
    return found[0] if found else given
