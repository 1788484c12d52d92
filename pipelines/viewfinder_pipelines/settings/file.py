"""Read `viewfinder.toml`: which Kubeflow, which parameters, and the pods' settings."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from viewfinder_components.errors import PermanentError, UsageError, reason_of
from viewfinder_components.spelling import spell
from viewfinder_components.storage.model_name import RULE, is_model_name
from viewfinder_pipelines.pipeline.platform import PlatformSettings, PodSettings, SecretKeys, Volume
from viewfinder_pipelines.settings.retraining import RetrainingSettings

DEFAULT_FILE = Path("viewfinder.toml")
_Settings = TypeVar("_Settings")
_TOML_TYPES: dict[Any, tuple[type, str]] = {
    str: (str, "a string"),
    int: (int, "a whole number"),
    bool: (bool, "true or false"),
    tuple: (list, "a list"),
    Mapping: (dict, "a table"),
}


@dataclass(frozen=True)
class KubeflowSettings:
    """Where and as whom to run on Kubeflow Pipelines.

    Attributes:
        host: The API's or the UI's address; empty inside a cluster, or for the kubeconfig's.
        namespace: The profile's namespace; empty if there are no profiles.
        experiment: The experiment of the runs.
        service_account: The steps' account; empty for the installation's default.
        pipeline_root: Where artifacts go; empty for the installation's default.
        ca: File with the certificates to trust in addition to the system's.
        cache: Whether a step whose inputs, photos included, have not changed may be skipped.
        start_patience_seconds: How long a pod may wait to start (image, quota, room on a node)
            before `run` and `follow` end the run.
        run_deadline_seconds: How long a run may take, including waiting, before Kubeflow
            Pipelines ends it, whoever started it; 0 for no limit. Supported from 2.17 on.
    """

    host: str = ""
    namespace: str = ""
    experiment: str = "viewfinder"
    service_account: str = ""
    pipeline_root: str = ""
    ca: str = ""
    cache: bool = True
    start_patience_seconds: int = 600
    run_deadline_seconds: int = 0


@dataclass(frozen=True)
class ClusterSettings:
    """The contents of a settings file.

    Attributes:
        kubeflow: The `[kubeflow]` table.
        platform: The `[steps]` and `[steps.NAME]` tables.
        parameters: The `[parameters]` table: pipeline parameters of every run.
        retraining: The `[retraining.MODEL]` tables, by model.
    """

    kubeflow: KubeflowSettings = field(default_factory=KubeflowSettings)
    platform: PlatformSettings = field(default_factory=PlatformSettings)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    retraining: Mapping[str, RetrainingSettings] = field(default_factory=dict)


def read_settings(path: str | Path | None) -> ClusterSettings:
    """Read a settings file.

    Args:
        path: The file; None for `viewfinder.toml` in the working directory, if there is one.

    Raises:
        PermanentError: The file cannot be read.
        UsageError: It is not TOML, or has an unknown setting.
    """
    if path is None and not DEFAULT_FILE.is_file():
        return ClusterSettings()
    path = Path(path or DEFAULT_FILE)
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as error:
        raise PermanentError(
            "a settings file", f"{path}: {error.strerror}", f"name another with {spell('settings')}"
        ) from error
    except (ValueError, RecursionError) as error:
        remedy = "correct that line; docs/viewfinder.toml shows every setting"
        raise UsageError(f"TOML in {path}", reason_of(error), remedy) from error
    _refuse_unknown(tables, {"kubeflow", "steps", "parameters", "retraining"}, "", path)
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise _wrong(name, "a table", table, path)
    kubeflow = _read(KubeflowSettings, tables.get("kubeflow", {}), "kubeflow", path)
    platform = _read_platform(tables.get("steps", {}), path)
    return ClusterSettings(
        kubeflow=kubeflow,
        platform=replace(platform, run_deadline_seconds=kubeflow.run_deadline_seconds),
        parameters=tables.get("parameters", {}),
        retraining=_read_retraining(tables.get("retraining", {}), path),
    )


def _read_platform(table: Mapping[str, Any], path: Path) -> PlatformSettings:
    """Separate the tables of single steps from the settings of every step."""
    known = {f.name for f in fields(PodSettings)}
    single = {k: v for k, v in table.items() if isinstance(v, dict) and k not in known}
    every = {k: v for k, v in table.items() if k not in single}
    return PlatformSettings(
        every=_read_pod(every, "steps", path),
        steps={name: _read_pod(values, f"steps.{name}", path) for name, values in single.items()},
    )


def _read_retraining(table: Mapping[str, Any], path: Path) -> dict[str, RetrainingSettings]:
    for name in table:
        if not is_model_name(name):
            raise _wrong("the model in [retraining.MODEL]", RULE, name, path)
    return {
        name: _read(RetrainingSettings, values, f"retraining.{name}", path)
        for name, values in table.items()
    }


def _read_pod(table: Mapping[str, Any], name: str, path: Path) -> PodSettings:
    values = dict(table)
    for key, kind in (("secrets", SecretKeys), ("volumes", Volume)):
        entries = values.get(key, [])
        if not isinstance(entries, list):
            raise _wrong(f"{name}.{key}", "a list of tables", entries, path)
        values[key] = [_read(kind, entry, f"{name}.{key}", path) for entry in entries]
    return _read(PodSettings, values, name, path)


def _read(kind: type[_Settings], table: Any, name: str, path: Path) -> _Settings:
    """Build a settings object from a table, checking each value against its field's type."""
    if not isinstance(table, dict):
        raise _wrong(name, "a table", table, path)
    hints = get_type_hints(kind)
    _refuse_unknown(table, set(hints), name, path)
    values: dict[str, Any] = {}
    value: Any
    for key, value in table.items():
        toml_type, description = _TOML_TYPES[get_origin(hints[key]) or hints[key]]
        if type(value) is not toml_type:
            raise _wrong(f"{name}.{key}", description, value, path)
        values[key] = tuple(value) if isinstance(value, list) else value
    try:
        return kind(**values)
    except TypeError as error:  # a field without a default is missing
        raise _wrong(name, "every field", reason_of(error), path) from error


def _refuse_unknown(table: Mapping[str, Any], known: set[str], name: str, path: Path) -> None:
    if unknown := set(table) - known:
        raise _wrong(name or "the file", f"one of {', '.join(sorted(known))}", min(unknown), path)


def _wrong(name: str, expected: str, received: Any, path: Path) -> UsageError:
    return UsageError(
        f"{expected} for {name}",
        repr(received),
        f"correct {path}; docs/viewfinder.toml shows every setting",
    )
