"""Whether a schedule has to be set again."""

from dataclasses import replace

from viewfinder_pipelines.kubeflow.schedules.schedule import Schedule, describe_schedule
from viewfinder_pipelines.kubeflow.schedules.trigger import Trigger

WANTED = Schedule(
    schedule_id="",
    name="nightly",
    trigger=Trigger(cron="0 3 * * *", interval=0),
    pipeline_id="p",
    version_id="v",
    parameters={"data": "s3://photos", "run_id": "[[RunUUID]]", "reason": '{"kind": "schedule"}'},
    enabled=True,
    experiment_id="e",
    service_account="",
)
CURRENT = replace(WANTED, schedule_id="s-1", service_account="pipeline-runner")


def test_the_same_schedule_is_kept() -> None:
    assert CURRENT.does(WANTED)
    assert not replace(CURRENT, parameters={**CURRENT.parameters, "epochs": 3}).does(WANTED)
    assert not replace(CURRENT, parameters={**CURRENT.parameters, "reason": "other"}).does(WANTED)


def test_a_schedule_of_an_earlier_release_needs_no_reason() -> None:
    earlier = {name: value for name, value in WANTED.parameters.items() if name != "reason"}
    assert replace(CURRENT, parameters=earlier).does(WANTED)
    assert not replace(CURRENT, parameters={**earlier, "epochs": 3}).does(WANTED)


def test_a_description_has_only_what_was_given() -> None:
    assert describe_schedule(CURRENT).splitlines()[1] == "  data=s3://photos"
