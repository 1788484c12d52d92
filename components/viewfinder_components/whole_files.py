"""Write files atomically: a reader sees the old file or the new one, never a part."""

import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; parent folders are created, and characters not in UTF-8 become a `?`.

    Raises:
        OSError: It cannot be written; what was there before stays, and nothing else does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        temporary.write_text(text, "utf-8", "replace")
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:
    """Write strict JSON.

    Raises:
        ValueError: A number is NaN or infinite, which JSON cannot represent.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")
