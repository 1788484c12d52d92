"""Write files atomically: a reader sees the old file or the new one, never a part."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path for a new file, which takes the place of `path` when the block has succeeded.

    Raises:
        OSError: It cannot be written; what was there before stays, and nothing else does.
    """
    # Not the process's number: pods that share a volume have the same ones.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; parent folders are created, and characters not in UTF-8 become a `?`.

    Raises:
        OSError: It cannot be written; what was there before stays, and nothing else does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8", "replace")


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:
    """Write strict JSON.

    Raises:
        ValueError: A number is NaN or infinite, which JSON cannot represent.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")
