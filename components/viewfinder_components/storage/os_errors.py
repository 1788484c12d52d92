"""Turn the operating system's errors about a model root into sentences."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.spelling import write_command

_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WRONG_PATH = (errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Raise errors that occur in the block's work below `root` as errors with a remedy.

    Raises:
        PermanentError: No permission, no room, or no directory.
        TransientError: Anything else, such as a network file system that does not answer.
    """
    try:
        yield
    except OSError as error:
        received = f"{error.strerror or error} ({error.filename or root})"
        if error.errno in _FORBIDDEN:
            raise PermanentError(
                f"permission to read and write below the model root {root}",
                received,
                f"give user id {os.getuid()} that permission, or set another model_root",
            ) from error
        if error.errno in _FULL:
            raise PermanentError(
                f"room for a version below the model root {root}",
                received,
                f"free some space, for example with `{write_command('prune', 'MODEL')}`, or set "
                "another model_root",
            ) from error
        if error.errno in _WRONG_PATH:
            raise PermanentError(
                f"a directory as the model root {root}", received, "set another model_root"
            ) from error
        raise TransientError(
            f"a model root {root} that answers", received, "try again when the disk is available"
        ) from error
