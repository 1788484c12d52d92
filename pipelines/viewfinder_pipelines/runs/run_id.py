"""Find runs by their folders, and a run by a prefix of its ID."""

import os
from pathlib import Path

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.reports.formatting import shorten
from viewfinder_components.spelling import write_command
from viewfinder_components.writing import HOME
from viewfinder_pipelines.runs.record import RECORD_FILE, RunResult


def list_run_ids(runs: Path) -> list[str]:
    """Return the IDs of the runs that have a record on this machine, in alphabetical order.

    Args:
        runs: Where this machine keeps runs.

    Raises:
        PermanentError: The folder is there but cannot be read, which is not the same as no runs.
    """
    try:
        names = sorted(os.listdir(runs))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        received = reason_of(error)
        raise PermanentError(
            f"a folder of runs that can be read, {runs}", received, f"correct it, or {HOME[1]}"
        ) from error
    return [name for name in names if _has_record(runs / name)]


def _has_record(run_dir: Path) -> bool:
    """Return whether a folder has a record, even if it cannot be read."""
    try:
        os.lstat(run_dir / RECORD_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def complete_run_id(runs: Path, given: str) -> str:
    """Return the ID of the run on this machine that starts with the given text.

    Args:
        runs: Where this machine keeps runs.
        given: A run's ID, or an unambiguous prefix of it.

    Returns:
        The whole ID; the given text if no run matches.

    Raises:
        PermanentError: Several runs match, and the message names them; or the runs cannot be read.
    """
    name = Path(given).name
    if not name or os.path.exists(runs / name / RECORD_FILE):
        return given
    found = [run_id for run_id in list_run_ids(runs) if run_id.startswith(name)]
    if len(found) > 1:
        raise PermanentError(
            "the beginning of one run's ID",
            f"{given}, which matches {len(found)}: {shorten(found[::-1])}",
            "write more of the ID",
        )
    return found[0] if found else given


def refuse_local_run(runs: Path, run_id: str) -> None:
    """Refuse a run of this machine where one on Kubeflow Pipelines is meant.

    Args:
        runs: Where this machine keeps runs.
        run_id: The run's id.

    Raises:
        PermanentError: It is one of this machine, or its record is damaged.
    """
    run_dir = runs / Path(run_id).name
    if (run_dir / RECORD_FILE).exists() and RunResult.load(run_dir).is_local:
        raise PermanentError(
            "a run on Kubeflow Pipelines",
            f"{run_id}, a run of this machine",
            f"see `{write_command('show', run_id)}`",
        )
