"""Read what kfp.local left on disk: it keeps no record of a run itself."""

import json
from pathlib import Path
from typing import Any

from viewfinder_pipelines.record import ArtifactRecord

_EXECUTOR_OUTPUT = "executor_output.json"


def find_task_root(pipeline_root: Path, step: str, finished: bool = True) -> Path | None:
    """Return the newest folder of a step's outputs, over every try of the run.

    Args:
        pipeline_root: kfp.local's root of this run.
        step: The step's name.
        finished: Only a folder whose step ended well.
    """
    pattern = f"*/{step}/{_EXECUTOR_OUTPUT}" if finished else f"*/{step}"
    found = sorted(pipeline_root.glob(pattern))
    if not found:
        return None
    return found[-1].parent if finished else found[-1]


def read_outputs(
    pipeline_root: Path, step: str
) -> tuple[dict[str, ArtifactRecord], dict[str, Any]]:
    """Return a finished step's output artifacts and parameters, both by name."""
    root = find_task_root(pipeline_root, step)
    if root is None:
        return {}, {}
    values = json.loads((root / _EXECUTOR_OUTPUT).read_text())
    artifacts = {
        name: ArtifactRecord(
            uri=entry["artifacts"][0].get("uri", ""),
            type=entry["artifacts"][0].get("type", {}).get("schemaTitle", ""),
            metadata=entry["artifacts"][0].get("metadata", {}),
        )
        for name, entry in values.get("artifacts", {}).items()
        if entry.get("artifacts")
    }
    return artifacts, values.get("parameterValues", {})
