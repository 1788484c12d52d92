"""Which alerts start a run, and that each starts one only once."""

from collections.abc import Callable

import pytest
from tests.unit.pipelines.retraining.conftest import Bench

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.retraining.alerts import Alert
from viewfinder_pipelines.retraining.receiver import Receiver

MakeAlert = Callable[..., Alert]
DOWN = TransientError("an answer", "none", "try again")
WRONG = PermanentError("a known parameter", "another", "correct it")


def refused(receiver: Receiver, alert: Alert) -> str | None:
    (answer,) = receiver.take([alert])
    return answer.refused


def end(bench: Bench, receiver: Receiver, state: str = "succeeded") -> None:
    """Let the run in progress end."""
    receiver.work()  # a run that was only decided on starts
    bench.runner.states = {f"id-{name}": state for name in bench.runner.started}
    receiver.work()


def test_an_alert_starts_a_run_with_its_numbers(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    (answer,) = receiver.take([make_alert()])
    assert answer.run
    assert answer.refused is None
    assert bench.runner.started == {}, "whoever sent the alert does not wait for the run"
    assert receiver.decided.is_set()
    assert receiver.work() == bench.runner.poll_seconds
    parameters = dict(bench.runner.started[answer.run])
    reason = RunReason.parse(parameters.pop("reason"))
    assert parameters == {"model_name": "fruit", "data": "photos"}
    assert str(reason) == (
        "alert ViewfinderDrift of shop/fruit: brightness 0.31 (limit 0.12), since T1"
    )
    assert bench.count("viewfinder_retraining_runs_total", model="fruit", reason="alert") == 1


def test_an_alert_sets_no_parameter(bench: Bench) -> None:
    hostile = {"model_root": "s3://mine", "parameters": "{}", "data": "s3://mine"}
    labels = {"alertname": "ViewfinderDrift", "inferenceservice": "pets", **hostile}
    receiver = bench.restart()
    receiver.take([Alert(labels, hostile, "T1", "f")])
    receiver.work()
    (parameters,) = bench.runner.started.values()
    assert parameters.keys() == {"model_name", "reason"}
    assert parameters["model_name"] == "pets"


def test_a_repeated_alert_starts_nothing(bench: Bench, make_alert: MakeAlert) -> None:
    receiver, alert = bench.restart(), make_alert()
    receiver.take([alert])
    assert refused(receiver, alert) == "repeated"
    end(bench, receiver)
    bench.now += 7 * 86400
    assert refused(receiver, alert) == "repeated"
    assert refused(bench.restart(), alert) == "repeated"
    assert bench.count("viewfinder_retraining_refused_total", model="fruit", cause="repeated") == 1
    assert len(bench.runner.started) == 1


def test_an_alert_that_fires_again_starts_another_run(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    end(bench, receiver)
    bench.now += 3600
    assert refused(receiver, make_alert(since="T2")) is None
    end(bench, receiver)
    assert len(bench.runner.started) == 2


def test_alerts_of_one_notification_start_one_run(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    both = [make_alert(), make_alert("ViewfinderModelStale")]
    first, second = receiver.take(both)
    assert first.run == second.run != ""
    end(bench, receiver)
    bench.now += 3600
    assert [one.refused for one in receiver.take(both)] == ["repeated", "repeated"]


def test_an_alert_that_arrives_while_a_run_starts_is_answered_at_once(
    bench: Bench, make_alert: MakeAlert
) -> None:
    receiver, alert = bench.restart(), make_alert()
    start, more = bench.runner.start, make_alert("ViewfinderModelStale")
    taken = []

    def slow(name: str, parameters: object) -> str:
        taken.append(refused(receiver, more))
        return start(name, parameters)  # type: ignore[arg-type]

    bench.runner.start = slow  # type: ignore[method-assign]
    receiver.take([alert])
    receiver.work()
    assert taken == ["running"]
    known = receiver.state.of("fruit")
    assert known.keys == (alert.key,)
    assert known.last is not None
    assert known.last.run_id


def test_only_one_run_at_a_time(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    assert refused(receiver, make_alert(service="pets")) == "running"
    receiver.work()
    assert refused(receiver, make_alert(service="pets")) == "running"
    assert refused(bench.restart(), make_alert(service="pets")) == "running"
    end(bench, receiver)
    assert refused(receiver, make_alert(service="pets")) is None


def test_the_least_interval_is_of_each_model(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    end(bench, receiver, "failed")
    bench.now += 3599
    (answer,) = receiver.take([make_alert(since="T2")])
    assert answer.refused == "interval"
    assert answer.detail == ("the last run began 3599 s ago, less than interval_seconds = 3600")
    assert refused(bench.restart(), make_alert(since="T2")) == "interval"
    assert refused(receiver, make_alert(service="pets")) is None
    end(bench, receiver)
    bench.now += 1
    assert refused(receiver, make_alert(since="T2")) is None, "it was not forgotten"


def test_a_clock_that_was_set_back_does_not_stop_everything(
    bench: Bench, make_alert: MakeAlert
) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    end(bench, receiver)
    bench.now -= 365 * 86400
    assert refused(receiver, make_alert(since="T2")) is None


@pytest.mark.parametrize(
    ("name", "service"), [("ViewfinderSaturated", "fruit"), ("ViewfinderDrift", "cars")]
)
def test_an_alert_that_nothing_names(
    bench: Bench, make_alert: MakeAlert, name: str, service: str
) -> None:
    receiver = bench.restart()
    assert refused(receiver, make_alert(name, service)) == "unmatched"
    assert not receiver.decided.is_set()
    assert bench.count("viewfinder_retraining_refused_total", model="", cause="unmatched") == 1


@pytest.mark.parametrize("is_started", [False, True])
def test_a_receiver_that_is_killed_starts_each_run_once(
    bench: Bench, make_alert: MakeAlert, is_started: bool
) -> None:
    """Killed after it decided, or after the run had started but before that was written down."""
    (answer,) = bench.restart().take([make_alert()])
    if is_started:
        bench.runner.started[answer.run] = {}
    receiver = bench.restart()
    assert refused(receiver, make_alert()) == "repeated"
    receiver.work()
    receiver.work()
    assert list(bench.runner.started) == [answer.run]
    assert receiver.state.of("fruit").last.run_id == f"id-{answer.run}"  # type: ignore[union-attr]
    assert bench.runner.recovered == [f"id-{answer.run}"] * is_started


def test_a_run_goes_on_after_a_restart(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    (answer,) = receiver.take([make_alert()])
    receiver.work()
    assert bench.runner.recovered == []
    receiver = bench.restart()
    receiver.work()
    receiver.work()
    assert bench.runner.recovered == [f"id-{answer.run}"]
    end(bench, receiver, "refused")
    assert receiver.state.of("fruit").last.state == "refused"  # type: ignore[union-attr]
    told = {"model": "fruit", "viewfinder_retraining_last_run": "refused"}
    assert bench.count("viewfinder_retraining_last_run", **told) == 1


def test_an_answer_that_was_lost_starts_no_second_run(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    bench.runner.error, bench.runner.loses_answer = DOWN, True
    receiver.take([make_alert()])
    assert receiver.work() == 5
    assert len(bench.runner.started) == 1
    receiver.work()  # the runner itself refuses a second start
    assert receiver.state.of("fruit").last.run_id  # type: ignore[union-attr]


def test_a_run_that_cannot_start_now_is_tried_again(bench: Bench, make_alert: MakeAlert) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    pauses = []
    for _ in range(8):
        bench.runner.error = DOWN
        pauses.append(receiver.work())
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert receiver.work() == bench.runner.poll_seconds
    assert len(bench.runner.started) == 1
    assert bench.count("viewfinder_retraining_failures_total", model="fruit", kind="start") == 8


def test_a_run_that_can_never_start_leaves_the_alert_alone(
    bench: Bench, make_alert: MakeAlert
) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    end(bench, receiver)
    bench.now += 3600
    bench.runner.error = WRONG
    receiver.take([make_alert(since="T2")])
    assert receiver.work() == 0
    known = receiver.state.of("fruit")
    assert known.last is not None
    assert known.last.state == "unstarted"
    assert known.keys == (make_alert().key,)
    assert refused(receiver, make_alert()) == "repeated"
    assert refused(receiver, make_alert(since="T2")) is None


def test_a_run_that_can_no_longer_be_read_does_not_block_the_next_for_ever(
    bench: Bench, make_alert: MakeAlert
) -> None:
    receiver = bench.restart()
    receiver.take([make_alert()])
    receiver.work()
    waited = 0.0
    while receiver.state.of("fruit").last.is_active:  # type: ignore[union-attr]
        bench.runner.error = WRONG
        waited += receiver.work()
        assert waited < 3600
    assert receiver.state.of("fruit").last.state == "lost"  # type: ignore[union-attr]
    assert waited > 300


def test_what_cannot_be_written_down_was_not_decided(
    bench: Bench, make_alert: MakeAlert, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = bench.restart()
    with monkeypatch.context() as patched:
        patched.setattr(bench.folder, "path", bench.folder.path / "file" / "below")
        (bench.folder.path.parent).write_text("no folder")
        with pytest.raises(PermanentError, match="the receiver's state"):
            receiver.take([make_alert()])
    assert not receiver.decided.is_set()
    assert refused(receiver, make_alert()) is None


def test_a_notification_of_many_alerts_is_written_down_once_and_forgets_none(
    bench: Bench, make_alert: MakeAlert, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, saved, save = bench.restart(), [], bench.folder.save
    monkeypatch.setattr(bench.folder, "save", lambda state: (saved.append(state), save(state)))
    alerts = [make_alert(since=f"T{number}") for number in range(1000)]
    assert {answer.refused for answer in receiver.take(alerts)} == {None}
    assert len(saved) == 1
    end(bench, receiver)
    bench.now += 7200
    assert {answer.refused for answer in receiver.take(alerts)} == {"repeated"}


def test_of_a_notification_that_cannot_be_written_down_nothing_is_decided(
    bench: Bench, make_alert: MakeAlert
) -> None:
    receiver = bench.restart()
    path = bench.folder.path / "retraining.json"
    path.mkdir()
    with pytest.raises(PermanentError):
        receiver.take([make_alert(), make_alert(since="T2")])
    assert receiver.state.models == {}
    assert not receiver.decided.is_set()
    assert bench.count("viewfinder_retraining_last_run", model="fruit") == 0
    path.rmdir()
    assert [answer.refused for answer in receiver.take([make_alert(), make_alert(since="T2")])] == [
        None,
        None,
    ]
