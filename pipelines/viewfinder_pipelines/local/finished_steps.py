"""What steps left on the disk: a resumed run takes over whole outputs, and removes the rest.

kfp.local's cache only looks whether an output is there. After a power cut it may be there and cut
short, and somebody may have changed it; the steps that read it would then fail however often the
run is resumed, or work with something else than the run did before. Every try writes
into folders of its own, and what an unfinished one has written may be gigabytes.
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
    """Write down what is in a finished step's files, beside them.

    SHA-256 takes half a second for 500 MB, beside the step that runs next.

    Args:
        steps: Where the run keeps its steps' outputs.
        step: The step's name.
    """
    folder = find_task_root(steps, step)
    if folder is not None:
        with suppress(OSError):  # without the digests the outputs are believed
            digests = {name: digest_file(path) for name, path in _files(folder).items()}
            write_json(folder / _DIGESTS, digests)


def keep_whole_steps(steps: Path) -> None:
    """Remove what steps left that did not finish, or that is not as they left it.

    kfp does these steps again.

    Args:
        steps: Where the run keeps its steps' outputs.
    """
    for folder in list_task_roots(steps):
        if not (folder / EXECUTOR_OUTPUT).is_file():
            shutil.rmtree(folder)
        elif not _is_whole(folder):
            _log.warning("%s is done again: what it left was damaged since.", folder.name)
            shutil.rmtree(folder)


def _is_whole(folder: Path) -> bool:
    """Return whether a finished step's files are what they were when it ended."""
    try:
        json.loads((folder / EXECUTOR_OUTPUT).read_bytes())
        known = json.loads((folder / _DIGESTS).read_bytes())
    except FileNotFoundError:  # the runner was killed before it could write them
        return True
    except ValueError:
        return False
    files = _files(folder)
    if not isinstance(known, dict) or known.keys() != files.keys():
        return False
    return all(digest_file(path) == known[name] for name, path in files.items())


def _files(folder: Path) -> dict[str, Path]:
    """Return every file by its path below the folder; those that are hidden are ours."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path
        for path in files
        if path.parent != folder or not path.name.startswith(".")
    }
