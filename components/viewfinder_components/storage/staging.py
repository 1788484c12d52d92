"""Hidden directories in which versions are assembled before they appear all at once.

`<root>/<model>/.staging-<host>-<pid>-<random>/` contains `version/`, the files, and `lock`, which
its publisher keeps locked while it is alive. A process that gets the lock knows that the publisher
is dead, on this machine or, if the file system supports it, on another, and may clean up.
"""

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from viewfinder_components.storage.locking import locked, locked_now

_log = logging.getLogger(__name__)
_PREFIX = ".staging-"
_LOCK = "lock"


@contextmanager
def staging_area(folder: Path) -> Iterator[Path]:
    """Create a staging directory below `folder`; yield a path in it that does not exist yet.

    However the block ends, the directory is removed.
    """
    with ExitStack() as stack:
        yield _claim(folder, stack) / "version"


def _claim(folder: Path, stack: ExitStack) -> Path:
    while True:
        prefix = f"{_PREFIX}{socket.gethostname()}-{os.getpid()}-"
        area = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
        stack.callback(shutil.rmtree, area, ignore_errors=True)
        # A cleaner may run between creating and locking it, and assume its publisher is dead.
        with suppress(FileNotFoundError):
            stack.enter_context(locked(area / _LOCK))
            if (area / _LOCK).exists():
                return area


def clear_dead(folder: Path) -> None:
    """Remove what killed publishers left below `folder`; live ones are not touched."""
    for area in folder.glob(f"{_PREFIX}*"):
        # Gone meanwhile, another user's, or not a directory: not ours to remove.
        with suppress(OSError), locked_now(area / _LOCK) as dead:
            if dead:
                shutil.rmtree(area)
                _log.info("removed %s, left by a killed publisher", area)
