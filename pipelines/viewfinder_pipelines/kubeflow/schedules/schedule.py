"""A schedule, as Kubeflow Pipelines has it and as users see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from viewfinder_pipelines.kubeflow.schedules.trigger import Trigger

NO_OVERLAP = (
    "Its runs do not overlap: while one is in progress the next one waits, so runs longer "
    "than the interval start less often than scheduled."
)
"""Why runs may be less frequent than scheduled."""
_OWN = ("run_id", "reason")  # which setting a schedule adds


@dataclass(frozen=True)
class Schedule:
    """A recurring run in Kubeflow Pipelines.

    Attributes:
        schedule_id: Its ID in Kubeflow Pipelines.
        name: Its name.
        trigger: When its runs start.
        pipeline_id: The pipeline that it runs.
        version_id: The version of the pipeline.
        parameters: The pipeline's parameters.
        enabled: Whether it currently starts runs.
        experiment_id: The experiment of its runs.
        service_account: The account of its runs.
        made: When it was created; an interval counts from there.
    """

    schedule_id: str
    name: str
    trigger: Trigger
    pipeline_id: str
    version_id: str
    parameters: Mapping[str, Any]
    enabled: bool
    experiment_id: str
    service_account: str
    made: datetime | None = field(default=None, compare=False)

    def does(self, wanted: "Schedule") -> bool:
        """Return whether it starts the requested runs at the requested times."""
        # The API fills in the default account of a schedule created without one.
        account = self.service_account if wanted.service_account else ""
        # A schedule of an earlier release names no reason: that alone is not worth a new one.
        told = {"reason": wanted.parameters.get("reason"), **self.parameters}
        mine = replace(self, schedule_id="", service_account=account, parameters=told)
        return mine == replace(wanted, parameters={"reason": None, **wanted.parameters})


def read_schedule(run: Any) -> Schedule:
    """Read a recurring run in the form of the API's answers."""
    cron, periodic = run.trigger.cron_schedule, run.trigger.periodic_schedule
    return Schedule(
        schedule_id=run.recurring_run_id,
        name=run.display_name,
        trigger=Trigger(
            cron=cron.cron if cron else "",
            interval=int(periodic.interval_second) if periodic else 0,
        ),
        pipeline_id=run.pipeline_version_reference.pipeline_id,
        version_id=run.pipeline_version_reference.pipeline_version_id,
        parameters=run.runtime_config.parameters or {},
        enabled=run.status == "ENABLED",
        experiment_id=run.experiment_id,
        service_account=run.service_account or "",
        made=run.created_at,
    )


def describe_schedule(schedule: Schedule) -> str:
    """Return a schedule's description: when, what is next, and with which parameters."""
    state = "enabled" if schedule.enabled else "disabled"
    now = datetime.now(UTC)
    start = now if schedule.trigger.cron else schedule.made or now
    due = schedule.trigger.next_time(start) if schedule.enabled else None
    following = f", next at {due:%Y-%m-%d %H:%M} UTC" if due else ""
    parameters = {k: v for k, v in schedule.parameters.items() if k not in _OWN}
    given = ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return f"{schedule.name}: {schedule.trigger}, {state}{following}\n  {given}"
