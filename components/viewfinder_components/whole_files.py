"""Write files whole or not at all: a reader meets the old one or the new one, never half."""

import json
import os
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; parent folders are made, and what UTF-8 cannot say becomes a `?`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf-8", "replace")
    os.replace(temporary, path)


def write_json(path: Path, value: Any, indent: int | None = 2) -> None:
    """Write strict JSON.

    Raises:
        ValueError: A number is NaN or infinite, which JSON does not know.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")
