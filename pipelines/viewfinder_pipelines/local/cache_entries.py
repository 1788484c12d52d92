"""kfp.local's cache of a run: the outputs that a step was taken from, and unusable entries.

An unusable entry is removed before kfp.local reads it. kfp.local skips entries that are not JSON.
One of another form, such as another release of kfp writes, would end the run with an error of kfp's
own.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from viewfinder_pipelines.runs.outputs import Outputs
from viewfinder_pipelines.runs.record import ArtifactRecord

_ARTIFACT_MARKER = "__kfp_artifact__"  # kfp/local/cache.py
_TEXTS = ("uri", "name", "schema_title")
_KEY = re.compile(r"cache hit \(key=(\w+)\)")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Names:
    """The names of a component's outputs."""

    artifacts: frozenset[str]
    parameters: frozenset[str]


def remove_foreign_entries(cache: Path, pipeline: Path) -> None:
    """Remove the entries that no step of the pipeline can have written.

    Args:
        cache: The folder of the entries; may not exist.
        pipeline: The compiled pipeline.
    """
    paths = sorted(cache.glob("*.json"))
    known = list(_read_outputs(pipeline)) if paths else []
    for path in paths:
        if not _is_entry(path, known):
            _log.warning("Repeating a step: its cache entry %s is not this pipeline's.", path.name)
            path.unlink()


def parse_cache_key(text: str) -> str:
    """Return the beginning of an entry's key, with which kfp.local reports a cached step."""
    match = _KEY.search(text)
    return match[1] if match else ""


def read_cached_outputs(cache: Path, key: str) -> Outputs | None:
    """Return the outputs in an entry; None if it cannot be read.

    In a loop with equal items, a step is taken from an earlier iteration and has no folder.

    Args:
        cache: The folder of the entries.
        key: The beginning of the entry's key.
    """
    try:
        (path,) = cache.glob(f"{key}*.json")
        entry = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):  # none, or more than one
        return None
    artifacts = {
        name: ArtifactRecord(value["uri"], value["schema_title"], value["metadata"])
        for name, value in entry.items()
        if _is_artifact(value)
    }
    parameters = {name: value for name, value in entry.items() if name not in artifacts}
    return Outputs(artifacts, parameters)


def _read_outputs(pipeline: Path) -> Iterator[_Names]:
    specification = next(iter(yaml.safe_load_all(pipeline.read_text("utf-8"))))
    for component in specification["components"].values():
        outputs = component.get("outputDefinitions", {})
        yield _Names(
            frozenset(outputs.get("artifacts", {})), frozenset(outputs.get("parameters", {}))
        )


def _is_entry(path: Path, known: list[_Names]) -> bool:
    try:
        entry = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(entry, dict):
        return False
    return any(
        entry.keys() == outputs.artifacts | outputs.parameters
        and all(_is_artifact(entry[name]) for name in outputs.artifacts)
        for outputs in known
    )


def _is_artifact(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get(_ARTIFACT_MARKER) is True
        and all(isinstance(value.get(name), str) for name in _TEXTS)
        and isinstance(value.get("metadata"), dict)
    )
