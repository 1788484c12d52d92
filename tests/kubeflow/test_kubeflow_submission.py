"""What reaches Kubeflow Pipelines: a pipeline once, a run at once, a schedule as it was set."""

import json
import signal
import time

import pytest
from tests.kubeflow.conftest import Install, unique

from viewfinder_pipelines.kubeflow_client import Kubeflow, connect
from viewfinder_pipelines.recurring import Schedule, list_schedules
from viewfinder_pipelines.settings_file import read_settings
from viewfinder_pipelines.submission import upload_pipeline


@pytest.fixture(scope="module")
def kubeflow(install: Install) -> Kubeflow:
    return connect(read_settings(install.settings).kubeflow)


def test_the_same_pipeline_is_uploaded_once(install: Install, kubeflow: Kubeflow) -> None:
    platform = read_settings(install.settings).platform
    first = upload_pipeline(kubeflow, platform)
    second = upload_pipeline(kubeflow, platform)
    assert not second.is_new
    assert (first.version_id, first.name) == (second.version_id, second.name)
    other = upload_pipeline(kubeflow, platform, cache=False)
    assert other.version_id != first.version_id
    assert other.pipeline_id == first.pipeline_id


def test_submit_returns_at_once_and_the_run_can_be_ended(install: Install) -> None:
    started = time.monotonic()
    code, output = install.call("submit", "--model-name", unique("ended"))
    assert code == 0, output
    assert time.monotonic() - started < 30
    run_id, address = output.split()
    assert address.endswith(f"/#/runs/details/{run_id}")
    assert install.call("terminate", run_id)[0] == 0
    code, output = install.call("follow", run_id)
    assert code == 130, output
    assert "interrupted" in output
    assert install.record(run_id)["state"] == "interrupted"


def test_ctrl_c_leaves_the_run_going(install: Install) -> None:
    with install.start("run", "--on", "kubeflow", "--model-name", unique("left")) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().split()[1]
        process.send_signal(signal.SIGINT)
        output = process.stdout.read()
    assert process.returncode == 130
    assert f"viewfinder follow {run_id}" in output
    assert f"viewfinder terminate {run_id}" in output
    assert json.loads(install.call("show", run_id, "--json")[1])["state"] == "running"
    install.call("terminate", run_id)


def test_a_run_that_does_not_exist(install: Install) -> None:
    code, output = install.call("follow", "00000000-0000-0000-0000-000000000000")
    assert code == 1
    assert "PermanentError: expected" in output


def test_a_parameter_the_pipeline_does_not_have(install: Install) -> None:
    code, output = install.call("submit", "--set", "epoch=3")
    assert code == 1
    assert "use one of: data" in output


def test_schedules(install: Install, kubeflow: Kubeflow) -> None:
    name = unique("nightly")
    common = ("--set", "deploy=false", "--model-name", name)
    assert "set" in install.call("schedule", "set", name, "--cron", "0 3 * * *", *common)[1]
    (first,) = list_schedules(kubeflow, name)
    again = install.call("schedule", "set", name, "--cron", "0 3 * * *", *common)
    assert again[1] == f"{name}: cron 0 0 3 * * *, unchanged\n"
    assert list_schedules(kubeflow, name) == [first]

    assert install.call("schedule", "set", name, "--every", "6h", *common)[0] == 0
    (changed,) = list_schedules(kubeflow, name)
    assert (changed.trigger.interval, changed.enabled) == (6 * 3600, True)
    assert install.call("schedule", "disable", name)[0] == 0
    assert f"{name}: every 21600 s, disabled" in install.call("schedule", "list")[1]
    assert install.call("schedule", "delete", name)[0] == 0
    assert list_schedules(kubeflow, name) == []
    assert "list them with" in install.call("schedule", "disable", name)[1]


def test_a_schedule_with_a_wrong_time(install: Install) -> None:
    code, output = install.call("schedule", "set", "wrong", "--cron", "99 99 * * *")
    assert code == 1
    assert "expected" in output


def test_a_schedule_starts_runs_and_goes_when_they_have_ended(
    install: Install, kubeflow: Kubeflow
) -> None:
    name = unique("minutely")
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
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        found = kubeflow.call(
            kubeflow.client.list_runs,
            experiment_id=schedule.experiment_id,
            sort_by="created_at desc",
        )
        for run in found.runs or []:
            if run.recurring_run_id == schedule.schedule_id:
                return str(run.run_id)
        time.sleep(2)
    raise AssertionError("no run began")
