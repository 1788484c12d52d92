"""What exceptions of the system and of other libraries mean, as our own errors.

They are recognized by number and class; a library is never imported for it.
"""

import errno
import os
import re
import socket
from collections.abc import Iterator

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.library_messages import strip_colors

# What Keras prepends to a layer's error, and OpenVINO to every error.
_WRAPPER = re.compile(r"Exception encountered when calling |(Exception from|Check '.*' failed at) ")
_NODE = re.compile(r"\{\{.*?\}\} ?")  # TensorFlow's name for the operation, before the cause
_ONEDNN_MEMORY = "Status: 1,"  # dnnl_out_of_memory, as TensorFlow's oneDNN kernels print it
# OpenVINO raises RuntimeError for everything; these are the C++ library's words, its own, the
# dynamic linker's, and the system's for memory and for another thread.
_NATIVE_MEMORY = re.compile(
    r"bad_alloc|can't alloc\b|failed to map segment|cannot allocate memory"
    r"|Resource temporarily unavailable",
    re.IGNORECASE,
)
_LONGEST = 300
_MOST_CAUSES = 10
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""The system's numbers for a disk, or a user's share of it, that is full."""
_PERMISSION = ("permission to use {name}", "give user id {user} that permission, or name another")
_FILES = ("room for more open files", "raise the limit with `ulimit -n`")
_SYSTEM = {  # error number: what was expected, what to do
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.EROFS: (
        "a writable file system at {name}",
        "name a writable place (VIEWFINDER_HOME, model_root)",
    ),
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EADDRINUSE: (
        "a free port",
        "choose another port, or stop the program that uses it",
    ),
    errno.EIO: ("a working disk under {name}", "check the disk, then try again"),
    errno.ENOENT: ("a file or folder at {name}", "correct the path, or restore what was there"),
    errno.EEXIST: ("nothing at {name} yet", "choose another path, or remove what is there"),
    errno.ENOTEMPTY: ("an empty folder at {name}", "choose another path, or empty the folder"),
    errno.ENOTDIR: ("only folders on the way to {name}", "correct the path"),
    errno.EISDIR: ("a file, not a folder, at {name}", "correct the path"),
    errno.ELOOP: ("links that do not form a loop at {name}", "correct the links"),
    errno.EFBIG: (
        "files of this size to be allowed",
        "raise the limit with `ulimit -f`, or use a disk that supports larger files",
    ),
    errno.EAGAIN: ("room for more processes", "raise the limit with `ulimit -u`, then try again"),
    errno.ESTALE: ("a network disk that still has {name}", "remount it, then try again"),
    errno.ENAMETOOLONG: ("a shorter path", "choose a shorter name or folder"),
}
_MEMORY_REMEDY = (
    "close other programs or raise the memory limit (`ulimit -v`, or the container's), then try "
    "again; training needs less with a smaller batch_size or image_size"
)


def explain_foreign(error: BaseException) -> ViewfinderError | None:
    """Return what an exception that is not ours means; None if unknown.

    Also considers the exceptions it was raised from. One that merely occurred before it counts only
    if it reports a full disk or a lack of memory.
    """
    for cause in _causes(error):
        if found := _explain(cause):
            return found
    context = error.__context__
    return _explain_exhaustion(context) if context is not None else None


def need_memory(error: RuntimeError) -> None:
    """Raise the right error if a library's exception was a lack of memory, not a wrong model.

    Raises:
        TransientError: It was.
    """
    if lack := _explain_exhaustion(error):
        raise lack from error


def name_cause(error: BaseException) -> str:
    """Return an exception's class and the first line that states the cause."""
    lines = [
        line.strip()
        for line in _NODE.sub("", strip_colors(str(error))).splitlines()
        if line.strip()
    ]
    # At most all lines but the last: the cause comes after its context.
    while len(lines) > 1 and _WRAPPER.match(lines[0]):
        del lines[0]
    name = type(error).__name__
    return f"{name}: {lines[0][:_LONGEST]}" if lines else name


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def _explain(error: BaseException) -> ViewfinderError | None:
    return (
        _explain_exhaustion(error)
        or (_explain_system(error) if isinstance(error, OSError) else None)
        or _explain_other(error)
    )


def _explain_exhaustion(error: BaseException) -> ViewfinderError | None:
    """Explain a full disk or a lack of memory, whichever library encountered it."""
    full = isinstance(error, OSError) and error.errno in DISK_FULL
    # TensorFlow has one class for both, and the system's own words for the disk.
    exhausted = _is_of("tensorflow", "ResourceExhaustedError", error)
    if full or (exhausted and os.strerror(errno.ENOSPC) in str(error)):
        return PermanentError(
            "space on the disk",
            f"{_received(error)}{_name_inodes(error)}",
            "free some space, or put runs (VIEWFINDER_HOME), model_root and temporary files "
            "(TMPDIR) on a larger disk, and try again",
        )
    no_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    native = type(error) is RuntimeError and _NATIVE_MEMORY.search(str(error))
    onednn = _is_of("tensorflow", "AbortedError", error) and _ONEDNN_MEMORY in str(error)
    if exhausted or no_memory or onednn or native or isinstance(error, MemoryError):
        return TransientError("enough memory", name_cause(error), _MEMORY_REMEDY)
    return None


def _name_inodes(error: BaseException) -> str:
    """Mention it if a disk has run out of inodes, not bytes: `df` then shows free space."""
    name = getattr(error, "filename2", None) or getattr(error, "filename", None)
    if not isinstance(name, str):
        return ""
    try:
        disk = os.statvfs(os.path.dirname(name) or ".")
    except OSError:
        return ""
    out = disk.f_files and not disk.f_favail and disk.f_bavail
    return ": the disk has no inode left for another file" if out else ""


def _explain_system(error: OSError) -> ViewfinderError | None:
    """Explain a system error by its number."""
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return TransientError("an answer from the network", _received(error), "try again")
    if error.errno not in _SYSTEM:
        return None
    if error.errno == errno.ENOENT and not os.path.isabs(error.filename or "") and _is_adrift():
        return PermanentError(
            "a working directory", "one that was deleted", "change to another directory"
        )
    expected, remedy = _SYSTEM[error.errno]
    name = str(error.filename) if error.filename is not None else "a file"
    return PermanentError(
        expected.format(name=name), _received(error), remedy.format(user=os.getuid())
    )


def _is_adrift() -> bool:
    """Return whether the working directory was deleted."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _explain_other(error: BaseException) -> ViewfinderError | None:
    if isinstance(error, KeyboardInterrupt):
        return TransientError("to run to completion", "an interruption", "try again")
    if isinstance(error, ModuleNotFoundError):
        return PermanentError(
            f"the package {error.name} to be installed",
            "none",
            "run `make setup` in a clone of Viewfinder; in a pod, use an image of `make images`",
        )
    if isinstance(error, ImportError):
        return PermanentError(
            "libraries that can be loaded",
            name_cause(error),
            "remove the memory limit (`ulimit -v`) if there is one; otherwise install them again "
            "with `make setup`",
        )
    if _is_of("pyarrow", "ArrowException", error) or _is_of("zipfile", "BadZipFile", error):
        return PermanentError(
            "a file in the format its name implies", name_cause(error), "recreate the file"
        )
    if _is_of("PIL", "UnidentifiedImageError", error):
        return PermanentError("a picture", name_cause(error), "remove the file")
    return None


def _is_of(package: str, name: str, error: BaseException) -> bool:
    """Return whether an exception's class is from a package, or derived from one of its classes."""
    return any(
        kind.__name__ == name and kind.__module__.partition(".")[0] == package
        for kind in type(error).__mro__
    )


def _received(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        reason = os.strerror(error.errno) if error.errno > 0 else str(error)
        # A copy names two files, and it is the second whose disk is full.
        is_full = error.errno in DISK_FULL and error.filename2 is not None
        name = error.filename2 if is_full else error.filename
        return f"{reason} ({name})" if name is not None else reason
    return name_cause(error)
