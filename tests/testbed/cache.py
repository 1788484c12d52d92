"""What is built once and kept: each thing in a folder named by everything it was made from."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.errors import PermanentError

# The node mounts empty folders over these, so nothing of the test bed may lie below them.
HIDDEN = (Path("/run"), Path("/var/lib"), Path("/var/log"))


def home() -> Path:
    """Return the folder of everything that the test bed keeps: `VIEWFINDER_TESTBED`.

    Raises:
        PermanentError: It lies where the node cannot see it.
    """
    given = os.environ.get("VIEWFINDER_TESTBED")
    path = Path(given) if given else Path.home() / ".cache" / "viewfinder-testbed"
    path = path.resolve()
    if any(path.is_relative_to(hidden) for hidden in HIDDEN):
        raise PermanentError(
            f"a cache folder outside {', '.join(map(str, HIDDEN))}",
            str(path),
            "set VIEWFINDER_TESTBED to another folder",
        )
    return path


def key_of(*parts: str | Path) -> str:
    """Return 12 hexadecimal digits that change when any part changes.

    Args:
        parts: Texts, and files whose content counts.
    """
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part.encode()
        digest.update(f"{len(content)}:".encode() + content)
    return digest.hexdigest()[:12]


@contextmanager
def building(target: Path) -> Iterator[Path]:
    """Yield a new folder that becomes `target` when the block ends without an error.

    An interrupted build leaves a folder of another name, which the next one removes: what is at
    `target` is always whole. When two tools build the same, the first one's stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*"):
        if not Path("/proc", left.suffix[1:]).exists():  # its tool is dead
            shutil.rmtree(left, ignore_errors=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.mkdir()
    try:
        yield draft
        _publish(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(draft: Path, target: Path) -> None:
    try:
        os.rename(draft, target)
    except OSError:
        if not target.is_dir():
            raise


@contextmanager
def building_file(target: Path) -> Iterator[Path]:
    """Like `building`, for one file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield draft
        os.rename(draft, target)
    finally:
        draft.unlink(missing_ok=True)
