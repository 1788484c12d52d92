"""Disable and delete schedules."""

from viewfinder_components.errors import TransientError
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.paging import list_all
from viewfinder_pipelines.kubeflow.result import FINAL_STATES
from viewfinder_pipelines.kubeflow.schedules.listing import find_schedules
from viewfinder_pipelines.kubeflow.schedules.schedule import Schedule


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


def delete_schedules(kubeflow: Kubeflow, name: str) -> None:
    """Delete the recurring runs of our pipelines with a name, as `retire_schedule` does.

    Raises:
        PermanentError: There is none.
        TransientError: A run of one is in progress; the recurring run is only disabled.
    """
    found = find_schedules(kubeflow, name)
    if active := [run for one in found for run in retire_schedule(kubeflow, one)]:
        raise TransientError(
            f"no active run of the schedule {name}, because deleting it deletes the run's pods",
            ", ".join(active),
            "follow or terminate the run, then delete the schedule; it is disabled now",
        )


def _runs_going(kubeflow: Kubeflow, schedule: Schedule) -> list[str]:
    """Return the schedule's runs in progress; an old one may be behind many newer ones."""
    runs = list_all(
        kubeflow,
        kubeflow.client.list_runs,
        "runs",
        experiment_id=schedule.experiment_id,
        sort_by="created_at desc",
    )
    return [
        run.run_id
        for run in runs
        if run.recurring_run_id == schedule.schedule_id and str(run.state) not in FINAL_STATES
    ]
