"""The result of a deployment: its sentence, its measurements, and `deployment.json`."""

from dataclasses import dataclass
from typing import Any

from viewfinder_components.deployment.proof import Proof
from viewfinder_components.deployment.target import Rollout
from viewfinder_components.reports.formatting import plural
from viewfinder_components.spelling import write_command

RECORD = "deployment.json"


@dataclass(frozen=True)
class Deployed:
    """A version that serves; the same is in `deployment.json`."""

    endpoint: str
    """The service's URL inside the cluster."""

    changed: bool
    """Whether anything was changed; False if the version was already serving."""

    summary: str
    """The step's one-sentence summary."""

    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    scalars: dict[str, float]
    """The measurements by name, for KFP's Metrics."""


def conclude(
    rollout: Rollout, proof: Proof, seconds: dict[str, float], unrecorded: str
) -> Deployed:
    """Summarize what was done.

    Args:
        rollout: The version that serves.
        proof: Evidence that it does.
        seconds: Wall-clock seconds by phase.
        unrecorded: Why the service's history lacks it; empty if it does not.
    """
    total, parity = sum(seconds.values()), proof.parity
    scalars = {
        "seconds": round(total, 3),
        "first_answer_seconds": round(proof.first_answer_seconds, 3),
        "photos_compared": float(parity.compared if parity else 0),
    }
    if parity:
        scalars["max_difference"] = parity.max_difference
    summary = _summarise(rollout, proof, total)
    if unrecorded:
        summary += f"; `{write_command('rollback')}` will not know of it: {unrecorded}"
    return Deployed(proof.endpoint, rollout.changes, summary, seconds, scalars)


def _summarise(rollout: Rollout, proof: Proof, seconds: float) -> str:
    config, parity = rollout.config, proof.parity
    verb = "serves" if rollout.changes else "was already serving"
    compared = (
        f"{plural(parity.compared, 'test photo')} answered within "
        f"{parity.max_difference:.1g} of the evaluation"
        if parity
        else "its answers were not compared with the evaluation's"
    )
    summary = (
        f"version {config.version_number} {verb} at {proof.endpoint} after {seconds:.1f} s; "
        f"{compared}"
    )
    if changed := ", ".join(rollout.changed_settings):
        summary += f"; changed: {changed}"
    if config.min_replicas == 0:
        summary += f"; the first answer took {proof.first_answer_seconds:.1f} s"
    return summary


def to_record(rollout: Rollout, namespace: str, result: Deployed) -> dict[str, Any]:
    """Return `deployment.json`.

    `version` and `predecessor` are what serves and what served before, null if nothing did;
    `kserve` (the target's name) is what was found there, and what could not be read; `applied` is
    everything that was applied.
    """
    config = rollout.config
    return {
        "schema_version": 1,
        "service": config.name,
        "namespace": namespace,
        "endpoint": result.endpoint,
        "version": {"number": config.version_number, "uri": config.version_uri},
        "version_confirmed": rollout.reports_version,
        "predecessor": rollout.predecessor,
        "changed": result.changed,
        **rollout.found,
        "metrics": result.scalars,
        "seconds": result.seconds,
        "applied": rollout.applied,
    }
