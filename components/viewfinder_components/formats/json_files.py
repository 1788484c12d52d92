"""Read JSON that another step wrote, or say what is wrong with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from viewfinder_components.errors import PermanentError, reason_of


def read_json(path: Path, remedy: str) -> Any:
    """Read a file.

    Args:
        path: The file.
        remedy: What to do if it cannot be read.

    Raises:
        PermanentError: It is missing or is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        received = reason_of(error)
        expected = f"a readable {path.name} in {path.parent}"
        raise PermanentError(expected, received, remedy) from error
    except (ValueError, RecursionError) as error:
        raise PermanentError(f"JSON in {path}", reason_of(error), remedy) from error


def read_object(path: Path, what: str, remedy: str) -> dict[str, Any]:
    """Read a file that has a JSON object.

    Args:
        path: The file.
        what: The object's name in the message, such as "an evaluation".
        remedy: What to do if it cannot be read.

    Raises:
        PermanentError: It is missing, is not JSON, or has another value.
    """
    values = read_json(path, remedy)
    if not isinstance(values, dict):
        raise PermanentError(f"{what} in {path}", repr(values)[:80], remedy)
    return values


def check_version(values: Mapping[str, Any], version: int, place: object, step: str) -> None:
    """Refuse what another release wrote in another way.

    Args:
        values: What was read, with its `schema_version`.
        version: The one that this release reads.
        place: Where it was read.
        step: The step that writes it.

    Raises:
        PermanentError: The version is another one.
    """
    received = values.get("schema_version")
    if received != version:
        raise PermanentError(
            f"schema version {version} in {place}",
            repr(received),
            f"run {step} again with this release, or continue with the release that wrote it",
        )
