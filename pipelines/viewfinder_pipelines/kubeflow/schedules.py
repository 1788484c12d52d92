"""Runs that Kubeflow Pipelines starts by itself, at scheduled times."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.result import FINAL_STATES
from viewfinder_pipelines.kubeflow.submission import PipelineVersion, find_experiment, name_filter
from viewfinder_pipelines.pipeline.registry import RUN_ID
from viewfinder_pipelines.settings.file import KubeflowSettings

NO_OVERLAP = (
    "Its runs do not overlap: while one is in progress the next one waits, so runs longer "
    "than the interval start less often than scheduled."
)
"""Why runs may be less frequent than scheduled."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PAGE = 100


@dataclass(frozen=True)
class Trigger:
    """When runs start: by a cron expression or at an interval, not both.

    Attributes:
        cron: Six fields, seconds first, in Kubeflow Pipelines' form; UTC unless the installation
            specifies otherwise.
        interval: Seconds between two runs.
    """

    cron: str = ""
    interval: int = 0

    @classmethod
    def parse(cls, cron: str | None, every: str | None) -> "Trigger":
        """Parse a user's schedule.

        Args:
            cron: Five fields as in crontab, or six with seconds first.
            every: An interval such as `90m`, `6h` or `1d`; at least a minute.

        Raises:
            UsageError: Not exactly one of them, or not well-formed.
        """
        if bool(cron) == bool(every):
            raise UsageError(
                f"either {spell('cron')} or {spell('every')}",
                "both" if cron else "neither",
                "give one of them",
            )
        if cron:
            fields = cron.split()
            if len(fields) not in (5, 6):
                raise UsageError(
                    "a cron expression of five fields (minute hour day month weekday)",
                    repr(cron),
                    f"write {spell('cron', '0 3 * * *')} for example",
                )
            return cls(cron=" ".join(["0", *fields][-6:]))
        match = re.fullmatch(r"([1-9]\d*)([smhd])", every or "")
        seconds = int(match[1]) * _UNITS[match[2]] if match else 0
        if seconds < _UNITS["m"]:
            raise UsageError(
                "an interval of at least a minute",
                repr(every),
                f"write {spell('every', '6h')} for example",
            )
        return cls(interval=seconds)

    def __str__(self) -> str:
        if self.cron:
            return f"cron {self.cron.removeprefix('0 ') if self._has_seconds() else self.cron}"
        unit = max((u for u in _UNITS if self.interval % _UNITS[u] == 0), key=_UNITS.__getitem__)
        return f"every {self.interval // _UNITS[unit]}{unit}"

    def next_time(self, last: datetime) -> datetime | None:
        """Return when the next run is due, in UTC; None for an unsupported cron expression.

        Args:
            last: Now, for a cron expression; for an interval the last run, or the creation time.
        """
        from croniter import CroniterError, croniter  # type: ignore[import-untyped]

        if not self.cron:
            missed = max(0.0, (datetime.now(UTC) - last).total_seconds()) // self.interval
            return last + timedelta(seconds=(missed + 1) * self.interval)
        try:
            times = croniter(self.cron, last, second_at_beginning=self._has_seconds())
            found: datetime = times.get_next(datetime)
        except (CroniterError, ValueError):
            return None  # Kubeflow Pipelines supports some that croniter does not
        return found

    def _has_seconds(self) -> bool:
        return len(self.cron.split()) == 6


@dataclass(frozen=True)
class Schedule:
    """A recurring run in Kubeflow Pipelines.

    Attributes:
        schedule_id: Its ID in Kubeflow Pipelines.
        name: Its name.
        trigger: When its runs start.
        version_id: The pipeline version that it runs.
        parameters: The pipeline's parameters.
        enabled: Whether it currently starts runs.
        experiment_id: The experiment of its runs.
        service_account: The account of its runs.
        made: When it was created; an interval counts from there.
    """

    schedule_id: str
    name: str
    trigger: Trigger
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
        return replace(self, schedule_id="", service_account=account) == wanted


def set_schedule(
    kubeflow: Kubeflow,
    settings: KubeflowSettings,
    name: str,
    trigger: Trigger,
    version: PipelineVersion,
    arguments: Mapping[str, Any],
) -> tuple[Schedule, bool]:
    """Ensure that the recurring run `name` is exactly this one.

    Kubeflow Pipelines cannot change a recurring run: a changed one is created anew, and the old
    one is deleted after that, so that no time is missed. If a run of the old one is in progress, it
    is disabled now and deleted next time.

    Returns:
        The schedule, and whether anything had to change.

    Raises:
        PermanentError: The API refused, for example the cron expression.
        TransientError: The API is currently unavailable.
    """
    before = [s for s in list_schedules(kubeflow, name) if s.name == name]
    wanted = Schedule(
        schedule_id="",
        name=name,
        trigger=trigger,
        version_id=version.version_id,
        parameters={**arguments, "run_id": RUN_ID},
        enabled=True,
        experiment_id=find_experiment(kubeflow, settings),
        service_account=settings.service_account,
    )
    current = next((schedule for schedule in before if schedule.does(wanted)), None)
    is_new = current is None
    if current is None:
        made = kubeflow.call(
            _api(kubeflow).recurring_run_service_create_recurring_run,
            _to_request(wanted, version, settings),
        )
        current = _from_answer(made)
    for old in before:
        if old.schedule_id != current.schedule_id:
            retire_schedule(kubeflow, old)
    return current, is_new


def list_schedules(kubeflow: Kubeflow, name: str | None = None) -> list[Schedule]:
    """Return the recurring runs of our pipeline, or those with a given name."""
    found: list[Any] = []
    token = ""
    while True:
        answer = kubeflow.call(
            _api(kubeflow).recurring_run_service_list_recurring_runs,
            page_token=token,
            page_size=_PAGE,
            namespace=kubeflow.namespace or "",
            filter="" if name is None else name_filter(name),
        )
        found += answer.recurring_runs or []
        token = answer.next_page_token
        if not token:
            # Others' may run a specification of their own instead of a version of a pipeline.
            return [_from_answer(run) for run in found if run.pipeline_version_reference]


def describe_schedule(schedule: Schedule) -> str:
    """Return a schedule's description: when, what is next, and with which parameters."""
    state = "enabled" if schedule.enabled else "disabled"
    now = datetime.now(UTC)
    start = now if schedule.trigger.cron else schedule.made or now
    due = schedule.trigger.next_time(start) if schedule.enabled else None
    following = f", next at {due:%Y-%m-%d %H:%M} UTC" if due else ""
    parameters = {k: v for k, v in schedule.parameters.items() if k != "run_id"}
    given = ", ".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return f"{schedule.name}: {schedule.trigger}, {state}{following}\n  {given}"


def find_schedules(kubeflow: Kubeflow, name: str) -> Sequence[Schedule]:
    """Return the recurring runs named `name`, at least one.

    Raises:
        PermanentError: There is none.
    """
    found = list_schedules(kubeflow, name)
    if not found:
        raise PermanentError(
            "the name of a schedule", repr(name), "list them with `viewfinder schedule list`"
        )
    return found


def enable_schedule(kubeflow: Kubeflow, schedule: Schedule, enabled: bool) -> None:
    """Enable or disable a recurring run."""
    client = kubeflow.client
    method = client.enable_recurring_run if enabled else client.disable_recurring_run
    kubeflow.call(method, schedule.schedule_id)


def retire_schedule(kubeflow: Kubeflow, schedule: Schedule) -> list[str]:
    """Disable a recurring run, and delete it unless one of its runs is in progress.

    Deleting a recurring run makes Kubernetes delete its runs' pods, and Kubeflow Pipelines 2.17
    shows such a run as running forever. Runs that have ended are kept.

    Returns:
        The IDs of the runs in progress; the recurring run is deleted if there are none.
    """
    enable_schedule(kubeflow, schedule, False)
    going = _runs_going(kubeflow, schedule)
    if not going:
        kubeflow.call(kubeflow.client.delete_recurring_run, schedule.schedule_id)
    return going


def _api(kubeflow: Kubeflow) -> Any:
    """Return KFP's API for recurring runs: its client prints addresses of its own."""
    import kfp_server_api

    return kfp_server_api.RecurringRunServiceApi(kubeflow.connection)


def _runs_going(kubeflow: Kubeflow, schedule: Schedule) -> list[str]:
    """Return the schedule's runs in progress; an old one may be behind many newer ones."""
    found: list[Any] = []
    token = ""
    while True:
        answer = kubeflow.call(
            kubeflow.client.list_runs,
            page_token=token,
            experiment_id=schedule.experiment_id,
            sort_by="created_at desc",
            page_size=_PAGE,
        )
        found += answer.runs or []
        token = answer.next_page_token
        if not token:
            break
    return [
        run.run_id
        for run in found
        if run.recurring_run_id == schedule.schedule_id and str(run.state) not in FINAL_STATES
    ]


def _to_request(wanted: Schedule, version: PipelineVersion, settings: KubeflowSettings) -> Any:
    import kfp_server_api

    trigger = kfp_server_api.V2beta1Trigger()
    if wanted.trigger.cron:
        trigger.cron_schedule = kfp_server_api.V2beta1CronSchedule(cron=wanted.trigger.cron)
    else:
        trigger.periodic_schedule = kfp_server_api.V2beta1PeriodicSchedule(
            interval_second=str(wanted.trigger.interval)
        )
    return kfp_server_api.V2beta1RecurringRun(
        display_name=wanted.name,
        experiment_id=wanted.experiment_id,
        pipeline_version_reference=version.reference,
        runtime_config=kfp_server_api.V2beta1RuntimeConfig(
            parameters=dict(wanted.parameters), pipeline_root=settings.pipeline_root or None
        ),
        service_account=wanted.service_account or None,
        trigger=trigger,
        max_concurrency="1",  # a run that takes longer than the interval delays the next one
        no_catchup=True,  # one run after an outage, not one for every missed time
        mode=kfp_server_api.RecurringRunMode.ENABLE,
    )


def _from_answer(run: Any) -> Schedule:
    cron, periodic = run.trigger.cron_schedule, run.trigger.periodic_schedule
    return Schedule(
        schedule_id=run.recurring_run_id,
        name=run.display_name,
        trigger=Trigger(
            cron=cron.cron if cron else "",
            interval=int(periodic.interval_second) if periodic else 0,
        ),
        version_id=run.pipeline_version_reference.pipeline_version_id,
        parameters=run.runtime_config.parameters or {},
        enabled=run.status == "ENABLED",
        experiment_id=run.experiment_id,
        service_account=run.service_account or "",
        made=run.created_at,
    )
