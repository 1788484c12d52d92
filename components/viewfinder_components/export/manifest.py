"""The manifest: what a servable is, where it came from, and the digest of every file."""

import hashlib
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from viewfinder_components.export.drift import DriftOutcome
from viewfinder_components.export.inputs import ExportInputs
from viewfinder_components.export.signature import describe_signature
from viewfinder_components.formats.precision import ENTRY, PrecisionChoice
from viewfinder_components.storage.contents import SCHEMA_VERSION
from viewfinder_components.storage.version import MANIFEST
from viewfinder_components.whole_files import write_json

_PACKAGES = ("tensorflow", "keras", "openvino", "viewfinder")
_METRICS = (
    "photos",
    "accuracy",
    "accuracy_interval",
    "balanced_accuracy",
    "macro_f1",
    "log_loss",
    "ece",
)


def write_manifest(
    servable: Path,
    inputs: ExportInputs,
    run_id: str,
    model_name: str,
    precision: PrecisionChoice,
    drift: DriftOutcome,
) -> dict[str, Any]:
    """Describe every file below `servable` in `manifest.json`, atomically.

    Written last: a directory with a manifest is complete. Everything in it except `created` is the
    same when the same model is exported again.

    Returns:
        The manifest.
    """
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": run_id,
        "model_name": model_name,
        "data_digest": inputs.training.get("data_digest"),
        "labels": inputs.labels,
        "image_size": inputs.image_size,
        "backbone": inputs.training.get("backbone"),
        "metrics": {name: inputs.evaluation["metrics"].get(name) for name in _METRICS},
        ENTRY: precision.to_json(),
        "drift": asdict(drift),
        "signature": describe_signature(inputs.image_size, len(inputs.labels)),
        "versions": {"python": platform.python_version(), **_versions()},
        "files": _describe_files(servable),
    }
    write_json(servable / MANIFEST, manifest)
    return manifest


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a source tree that was never installed
            continue
    return versions


def _describe_files(servable: Path) -> dict[str, dict[str, Any]]:
    paths = sorted(path for path in servable.rglob("*") if path.is_file())
    described = {}
    for path in paths:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        entry = {"sha256": digest, "bytes": path.stat().st_size}
        described[path.relative_to(servable).as_posix()] = entry
    return described
