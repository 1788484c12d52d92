"""Create and change schedules."""

from collections.abc import Mapping
from typing import Any

from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.schedules.listing import list_schedules_of
from viewfinder_pipelines.kubeflow.schedules.retirement import retire_schedule
from viewfinder_pipelines.kubeflow.schedules.schedule import Schedule, read_schedule
from viewfinder_pipelines.kubeflow.schedules.trigger import Trigger
from viewfinder_pipelines.kubeflow.submission import PipelineVersion, find_experiment
from viewfinder_pipelines.pipeline.registry import RUN_ID
from viewfinder_pipelines.settings.file import KubeflowSettings


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
    import kfp_server_api

    before = list_schedules_of(kubeflow, {version.pipeline_id}, name)
    told = ": ".join(filter(None, [name, str(arguments.get("reason", ""))]))
    reason = RunReason("schedule", text=told)
    wanted = Schedule(
        schedule_id="",
        name=name,
        trigger=trigger,
        pipeline_id=version.pipeline_id,
        version_id=version.version_id,
        parameters={**arguments, "run_id": RUN_ID, "reason": reason.write()},
        enabled=True,
        experiment_id=find_experiment(kubeflow, settings),
        service_account=settings.service_account,
    )
    current = next((schedule for schedule in before if schedule.does(wanted)), None)
    is_new = current is None
    if current is None:
        # KFP's client has the same method, and prints addresses of its own.
        create = kfp_server_api.RecurringRunServiceApi(
            kubeflow.connection
        ).recurring_run_service_create_recurring_run
        current = read_schedule(kubeflow.call(create, _to_request(wanted, version, settings)))
    for old in before:
        if old.schedule_id != current.schedule_id:
            retire_schedule(kubeflow, old)
    return current, is_new


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
