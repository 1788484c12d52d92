"""Hidden directories in which versions are assembled before they appear all at once.

`<root>/<model>/.staging-<host>-<pid>-<random>/` contains `version/`, the files, and `lock`, which
its publisher keeps locked while it is alive. A process that gets the lock knows that the publisher
is dead, on this machine or, if the file system supports it, on another, and may clean up.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.storage.claimed_folder import claimed_folder, remove_if_dead

_log = logging.getLogger(__name__)
_PREFIX = ".staging-"


@contextmanager
def staging_area(folder: Path) -> Iterator[Path]:
    """Create a staging directory below `folder`; yield a path in it that does not exist yet.

    However the block ends, the directory is removed.
    """
    with claimed_folder(f"{_PREFIX}{socket.gethostname()}-{os.getpid()}-", folder) as area:
        yield area / "version"


def clear_dead(folder: Path) -> None:
    """Remove what killed publishers left below `folder`; live ones are not touched."""
    for area in folder.glob(f"{_PREFIX}*"):
        if remove_if_dead(area):
            _log.info("removed %s, left by a killed publisher", area)
