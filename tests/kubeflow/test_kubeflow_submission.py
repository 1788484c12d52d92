"""What reaches Kubeflow Pipelines: a pipeline once, a run at once, a schedule as it was set."""

import json
import signal
from dataclasses import replace

import pytest
from tests.fixtures.waiting import wait_for
from tests.kubeflow.conftest import IS_REAL, Stage
from tests.kubeflow.install import Install, unique

from viewfinder_pipelines.kubeflow.client import Kubeflow, connect
from viewfinder_pipelines.kubeflow.schedules.listing import list_schedules
from viewfinder_pipelines.kubeflow.schedules.schedule import Schedule
from viewfinder_pipelines.kubeflow.submission import upload_pipeline
from viewfinder_pipelines.settings.file import read_settings


def connect_to(install: Install) -> Kubeflow:
    """Connect as the command line does."""
    return connect(replace(read_settings(install.settings).kubeflow, host=install.host))


def test_the_same_pipeline_is_uploaded_once(stage: Stage) -> None:
    # An image that no other test has: the pipeline is new to the install.
    with stage.play("upload", f'[steps.train]\nimage = "{unique("image")}"\n') as install:
        platform = read_settings(install.settings).platform
        kubeflow = connect_to(install)
        first = upload_pipeline(kubeflow, platform)
        second = upload_pipeline(kubeflow, platform)
        assert first.is_new
        assert not second.is_new
        assert first.version_id == second.version_id


@pytest.mark.skipif(not IS_REAL, reason="a recording does not tell pipelines apart")
def test_another_pipeline_is_another_version(stage: Stage) -> None:
    with stage.play("other-upload", kept=False) as install:
        platform = read_settings(install.settings).platform
        kubeflow = connect_to(install)
        first = upload_pipeline(kubeflow, platform)
        other = upload_pipeline(kubeflow, platform, cache=False)
    assert other.version_id != first.version_id
    assert other.pipeline_id == first.pipeline_id


def test_submit_returns_at_once_and_the_run_can_be_ended(stage: Stage) -> None:
    with stage.play("terminated") as install:
        code, output = install.call("submit", "--model-name", unique("ended"))
        assert code == 0, output
        run_id, page = output.split(maxsplit=1)
        assert (f"/#/runs/details/{run_id}" in page) == (stage.address == "ui")
        # `terminate` refuses a run that has ended.
        assert install.call("terminate", run_id)[0] == 0
        code, output = install.call("follow", run_id)
        assert code == 130, output
        assert "interrupted" in output
        assert install.record(run_id)["state"] == "interrupted"
        code, output = install.call("terminate", run_id)
        assert code == 1
        assert "has ended" in output


def test_ctrl_c_leaves_the_run_going(stage: Stage) -> None:
    with stage.play("left") as install:
        with install.start("run", "--on", "kubeflow", "--model-name", unique("left")) as process:
            assert process.stdout is not None
            run_id = process.stdout.readline().split()[1]
            process.send_signal(signal.SIGINT)
            output = process.stdout.read()
        assert process.returncode == 130
        assert f"viewfinder follow {run_id}" in output
        assert f"viewfinder terminate {run_id}" in output
        assert json.loads(install.call("show", run_id, "--json")[1])["state"] == "running"
        assert install.call("terminate", run_id)[0] == 0


def test_a_run_that_does_not_exist(stage: Stage) -> None:
    with stage.play("no-run") as install:
        code, output = install.call("follow", "00000000-0000-0000-0000-000000000000")
    assert code == 1
    assert "Error: expected" in output


def test_a_parameter_the_pipeline_does_not_have(stage: Stage) -> None:
    with stage.play("no-run", kept=False) as install:  # refused before anything is asked
        code, output = install.call("submit", "--set", "epoch=3")
    assert code == 2
    assert "did you mean epochs?" in output


def test_schedules(stage: Stage) -> None:
    # Everything is named here: a schedule that differs from the recorded one would be changed.
    name = f"nightly-{stage.address}"
    common = ("--model-name", name, "--data", "s3://photos/fruit", "--model-root", "s3://models")
    if IS_REAL:
        with stage.play("left-over", kept=False) as install:
            install.call("schedule", "delete", name)
    with stage.play("schedules") as install:
        kubeflow = connect_to(install)
        assert "set" in install.call("schedule", "set", name, "--cron", "0 3 * * *", *common)[1]
        (first,) = list_schedules(kubeflow, name)
        again = install.call("schedule", "set", name, "--cron", "0 3 * * *", *common)
        assert "unchanged" in again[1]
        assert list_schedules(kubeflow, name) == [first]

        assert install.call("schedule", "set", name, "--every", "6h", *common)[0] == 0
        (changed,) = list_schedules(kubeflow, name)
        assert (changed.trigger.interval, changed.enabled) == (6 * 3600, True)
        assert install.call("schedule", "disable", name)[0] == 0
        listed = install.call("schedule", "list")[1]
        assert name in listed
        assert "disabled" in listed
        assert install.call("schedule", "delete", name)[0] == 0
        assert list_schedules(kubeflow, name) == []
        assert "list them with" in install.call("schedule", "disable", name)[1]


def test_a_schedule_with_a_wrong_time(stage: Stage) -> None:
    with stage.play("no-schedule") as install:
        code, output = install.call("schedule", "set", "wrong", "--cron", "99 99 * * *")
    assert code == 1
    assert "expected" in output


@pytest.mark.skipif(not IS_REAL, reason="a schedule's runs need a real Kubeflow Pipelines")
def test_a_schedule_starts_runs_and_goes_when_they_have_ended(stage: Stage) -> None:
    name = unique("minutely")
    with stage.play("scheduled", kept=False) as install:
        kubeflow = connect_to(install)
        code, output = install.call(
            *("schedule", "set", name, "--every", "1m", "--model-name", name),
            *("--set", "deploy=false", "--set", "epochs=3"),
        )
        assert code == 0, output
        (schedule,) = list_schedules(kubeflow, name)
        run_id = wait_for_run(kubeflow, schedule)

        code, output = install.call("schedule", "delete", name)
        assert code == 1
        assert run_id in output
        (still_there,) = list_schedules(kubeflow, name)
        assert not still_there.enabled
        code, output = install.call("follow", run_id)
        assert code == 0, output
        assert install.record(run_id)["version"]["number"] == 1

        assert install.call("schedule", "delete", name)[0] == 0
        assert list_schedules(kubeflow, name) == []


def wait_for_run(kubeflow: Kubeflow, schedule: Schedule) -> str:
    """Return the id of the first run that a schedule starts."""

    def started() -> str | None:
        found = kubeflow.call(
            kubeflow.client.list_runs,
            experiment_id=schedule.experiment_id,
            sort_by="created_at desc",
        )
        runs = (run for run in found.runs or [] if run.recurring_run_id == schedule.schedule_id)
        return next((str(run.run_id) for run in runs), None)

    return wait_for(started, "a run that the schedule starts", 180, pause=2)
