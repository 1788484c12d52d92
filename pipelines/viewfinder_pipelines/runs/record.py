"""The record that every run leaves behind, local or on Kubeflow."""

import dataclasses
import errno
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from viewfinder_components.errors import PermanentError
from viewfinder_components.run_reason import RunReason
from viewfinder_components.spelling import write_command
from viewfinder_components.step import Role
from viewfinder_components.steps import find_role
from viewfinder_components.whole_files import write_json
from viewfinder_pipelines.runs.card import render_card
from viewfinder_pipelines.runs.lock import is_held
from viewfinder_pipelines.runs.typed_values import build

SCHEMA_VERSION = 1
RECORD_FILE = "run.json"
LOCAL = "local"
_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)

RunState = Literal["running", "succeeded", "refused", "failed", "interrupted"]
StepState = Literal["running", "succeeded", "cached", "failed", "interrupted"]


@dataclass(frozen=True)
class ArtifactRecord:
    """One output of a step.

    Attributes:
        uri: Where it is.
        type: Its KFP schema title, such as `system.Model`.
        metadata: What the step recorded for it.
    """

    uri: str
    type: str
    metadata: dict[str, Any]


@dataclass(frozen=True)
class StepResult:
    """One step of a run.

    Attributes:
        name: The step's name in the pipeline's graph.
        state: How it ended; `cached` if an earlier attempt of this run had finished it, or an
            earlier iteration of a loop with the same inputs, or on Kubeflow an earlier run. Its
            own outcome is then from that time.
        seconds: Wall-clock time, including the start of its process or its pods.
        phases: How long each of its own phases took.
        overhead: Seconds spent by the cluster: `driver` (KFP's pod that prepares the step),
            `queue` (until its own pod is created), `start` (until its code runs: node, image,
            inputs) and `finish` (outputs, and until the end is noticed).
        attempts: How many pods were started for it, including retries.
        metrics: What it measured.
        reused_seconds: Of a cached step, the time that it took when it ran; if only its own report
            is known, the total of its phases.
        waiting: Why its pod has not started on the cluster, or had not when the run was ended.
        summary: The step's one-sentence summary.
        artifacts: Its output artifacts by name.
        parameters: Its output parameters by name.
    """

    name: str
    state: StepState
    seconds: float
    phases: dict[str, float] = field(default_factory=dict)
    summary: str = ""
    artifacts: dict[str, ArtifactRecord] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    overhead: dict[str, float] = field(default_factory=dict)
    attempts: int = 1
    metrics: dict[str, float] = field(default_factory=dict)
    waiting: str = ""
    reused_seconds: float = 0.0

    @property
    def is_reused(self) -> bool:
        """Whether its result is of an earlier time, and cost this run nothing."""
        return self.state == "cached"

    @property
    def shown_seconds(self) -> float:
        """What it took, in this run or when it ran."""
        return self.reused_seconds if self.is_reused else self.seconds

    @property
    def shown_state(self) -> str:
        """The state in the words of people: records and Kubeflow say `cached`."""
        return "reused" if self.is_reused else self.state


@dataclass(frozen=True)
class RunError:
    """Why a run failed.

    Attributes:
        step: The step that failed; None if the pipeline itself did.
        message: The error's sentence.
        retryable: Whether the step reported that a retry can help.
        log_tail: The last lines the step wrote.
    """

    step: str | None
    message: str
    retryable: bool
    log_tail: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """Part of a run that could not be read.

    Attributes:
        steps: The steps concerned.
        message: What could not be read, why, and what to do about it.
    """

    steps: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class _Version:
    """What `RunResult.version` has."""

    number: int
    uri: str


@dataclass(frozen=True, repr=False)
class RunResult:
    """A run, as in `run.json` (docs/run-record.schema.json describes every field).

    Attributes:
        run_id: The run's name; also in the manifest of what it published.
        where: `local`, or the Kubeflow Pipelines address.
        state: How it ended; `refused` if the gate prevented the model from being published.
        started: ISO 8601 time, UTC.
        seconds: Wall-clock time of the run.
        parameters: The pipeline's parameters, including defaults.
        steps: The steps in the order in which they started.
        metrics: The evaluation's scalar metrics.
        decision: The gate's sentence.
        version: `{"number", "uri"}` of the published version.
        endpoint: Where the deployed version answers.
        report: Path or URI of the HTML report.
        error: Why it failed.
        process: Process ID of the runner while the run is running here.
        overhead: Seconds spent by the cluster over the whole run: the steps' own by kind, and
            `between` for times when no step was in progress (the graph's drivers, queueing).
        page: The run's page in the Kubeflow UI; None for local runs, and if the UI is unknown.
        report_page: Where the report of a run on Kubeflow opens in a browser.
        gaps: What could not be read when this record was made.
        pipeline: The pipeline's name; empty in a record from an earlier release.
        reason: Why it began.
        schema_version: Version of this record's schema.
    """

    run_id: str
    where: str
    state: RunState
    started: str
    seconds: float
    parameters: dict[str, Any]
    steps: tuple[StepResult, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    decision: str | None = None
    version: dict[str, Any] | None = None
    report: str | None = None
    error: RunError | None = None
    process: int | None = None
    endpoint: str | None = None
    overhead: dict[str, float] = field(default_factory=dict)
    page: str | None = None
    report_page: str | None = None
    gaps: tuple[Gap, ...] = ()
    pipeline: str = ""
    reason: RunReason = field(default_factory=RunReason)
    schema_version: int = SCHEMA_VERSION

    def __repr__(self) -> str:  # every field would be pages
        return f"RunResult({self.run_id!r}, {self.state!r})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return render_card(self)

    @property
    def is_local(self) -> bool:
        """Whether this machine ran it."""
        return self.where == LOCAL

    def step_of(self, role: Role) -> StepResult | None:
        """Return the first step with a role, or None."""
        return next((step for step in self.steps if find_role(step.name) is role), None)

    def step(self, name: str) -> StepResult | None:
        """Return the step named `name`, or None if it did not start."""
        return next((step for step in self.steps if step.name == name), None)

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON-ready values."""
        return dataclasses.asdict(self)

    def save(self, run_dir: Path) -> None:
        """Write `run.json` atomically."""
        write_json(run_dir / RECORD_FILE, self.to_json())

    @classmethod
    def load(cls, run_dir: Path) -> Self:
        """Read a run's record.

        A record that says `running` although its runner is gone is returned as `interrupted`.

        Raises:
            PermanentError: There is no such run, or its record is damaged or has another schema.
        """
        path = run_dir / RECORD_FILE
        content = _read(path)
        try:
            values = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise _damaged(path, error) from error
        if not isinstance(values, dict) or "schema_version" not in values:
            raise _damaged(path, "something else")
        if values["schema_version"] != SCHEMA_VERSION:
            raise PermanentError(
                f"a run record of schema version {SCHEMA_VERSION} at {path}",
                f"version {values['schema_version']!r}",
                "read it with the release of viewfinder that wrote it",
            )
        try:
            result = build(cls, values)
            if result.version is not None:
                build(_Version, result.version, "version")
        except (TypeError, KeyError) as error:
            raise _damaged(path, f"fields from another release: {error}") from error
        if result.is_local and result.state == "running" and not is_held(run_dir, result.process):
            return dataclasses.replace(result, state="interrupted", steps=interrupt(result.steps))
        return result


def interrupt(steps: Sequence[StepResult]) -> tuple[StepResult, ...]:
    """Return the steps, with running ones marked as interrupted."""
    return tuple(
        dataclasses.replace(step, state="interrupted") if step.state == "running" else step
        for step in steps
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the run's ID
        number = error.errno if isinstance(error, OSError) else errno.ENOENT
        if number in _NO_FILE:
            raise PermanentError(
                f"a run's record at {path}",
                "nothing",
                f"list the runs with `{write_command('show')}`",
            ) from error
        reason = os.strerror(number or 0)
        if number in (errno.EACCES, errno.EPERM):
            raise PermanentError(
                f"a run's record in {path}", reason, "correct its permissions"
            ) from error
        raise _damaged(path, reason) from error


def _damaged(path: Path, reason: object) -> PermanentError:
    return PermanentError(
        f"a run's record in {path}",
        f"a damaged one ({reason})",
        f"delete the folder {path.parent}, or restore the record from a copy",
    )
