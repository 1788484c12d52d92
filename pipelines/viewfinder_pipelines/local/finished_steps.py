"""Steps' outputs on disk: a resumed run takes over complete ones, and removes the rest.

kfp.local's cache only checks whether an output exists. After a power cut it may exist but be
truncated, and somebody may have changed it; the steps that read it would then fail whenever the
run is resumed, or use different data than the run did before. Every attempt writes
into its own folders, and what an unfinished one has written may be gigabytes.
"""

import json
import logging
import shutil
from contextlib import suppress
from pathlib import Path

from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.whole_files import write_json
from viewfinder_pipelines.runs.outputs import EXECUTOR_OUTPUT, find_task_root, list_task_roots

_DIGESTS = ".digests.json"
_log = logging.getLogger(__name__)


def remember_step(steps: Path, step: str) -> None:
    """Record the contents of a finished step's files, next to them.

    SHA-256 takes half a second for 500 MB, in parallel with the next step.

    Args:
        steps: Where the run keeps its steps' outputs.
        step: The step's name.
    """
    folder = find_task_root(steps, step)
    if folder is not None:
        with suppress(OSError):  # without the digests the outputs are trusted
            digests = {name: digest_file(path) for name, path in _files(folder).items()}
            write_json(folder / _DIGESTS, digests)


def keep_whole_steps(steps: Path) -> None:
    """Remove the outputs of steps that did not finish, or whose outputs have changed.

    kfp repeats these steps.

    Args:
        steps: Where the run keeps its steps' outputs.
    """
    for folder in list_task_roots(steps):
        if not (folder / EXECUTOR_OUTPUT).is_file():
            shutil.rmtree(folder)
        elif not _is_whole(folder):
            _log.warning("Repeating step %s: its outputs have been damaged.", folder.name)
            shutil.rmtree(folder)


def _is_whole(folder: Path) -> bool:
    """Return whether a finished step's files are unchanged since it ended."""
    try:
        json.loads((folder / EXECUTOR_OUTPUT).read_bytes())
        known = json.loads((folder / _DIGESTS).read_bytes())
    except FileNotFoundError:  # the runner was killed before it could write them
        return True
    except (ValueError, RecursionError):
        return False
    files = _files(folder)
    if not isinstance(known, dict) or known.keys() != files.keys():
        return False
    return all(digest_file(path) == known[name] for name, path in files.items())


def _files(folder: Path) -> dict[str, Path]:
    """Return every file by its path below the folder; hidden ones are ours."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path
        for path in files
        if path.parent != folder or not path.name.startswith(".")
    }
