"""The runner with pipelines of a step or two: how it tells what kfp.local does."""

import subprocess
import time
from pathlib import Path

import pytest
from kfp import compiler, dsl

from viewfinder_pipelines.events import Event
from viewfinder_pipelines.local_runner import run_locally
from viewfinder_pipelines.record import RunResult


@dsl.component(base_image="python", install_kfp_package=False)
def speak(text: str, words: dsl.Output[dsl.Metrics]) -> str:
    import logging

    from viewfinder_components.outcome import record_outcome

    with record_outcome("speak", words) as outcome:
        logging.info("speak: looking for words")
        outcome.succeed(text, {"look": 0.5}, {"words": 1})
    return text


@dsl.component(base_image="python", install_kfp_package=False)
def fail(kind: str, facts: dsl.Output[dsl.Metrics]):
    from viewfinder_components import errors
    from viewfinder_components.outcome import record_outcome

    with record_outcome("fail", facts):
        raise getattr(errors, kind)("a cluster", "nothing\non two lines", "wait")


@dsl.component(base_image="python", install_kfp_package=False)
def crash():
    import os

    print("about to crash")
    os.abort()


@dsl.component(base_image="python", install_kfp_package=False)
def sleep(seconds: float):
    import time

    time.sleep(seconds)


@dsl.pipeline(name="speaking")
def speaking(text: str = "hello"):
    speak(text=text)


@dsl.pipeline(name="failing")
def failing(kind: str):
    first = speak(text="first")
    fail(kind=kind).after(first)


@dsl.pipeline(name="crashing")
def crashing():
    crash()


@dsl.pipeline(name="sleeping")
def sleeping(seconds: float):
    sleep(seconds=seconds)


def run(tmp_path: Path, pipeline, listener=lambda event, result: None, **arguments) -> RunResult:
    compiled = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(compiled))
    return run_locally(compiled, arguments, arguments, tmp_path / "run", listener)


def test_a_step_is_told_with_its_last_sentence(tmp_path: Path) -> None:
    result = run(tmp_path, speaking, text="done")
    assert result.state == "succeeded"
    [step] = result.steps
    assert (step.name, step.state, step.summary) == ("speak", "succeeded", "done")
    assert step.parameters == {"Output": "done"}
    assert RunResult.load(tmp_path / "run") == result


@pytest.mark.parametrize(
    "text", ["python3 -m this", 'it\'s "quoted"', "früit\nand more", "{{x}} {y}", "$(id) `id`"]
)
def test_a_parameter_arrives_as_it_was_sent(tmp_path: Path, text: str) -> None:
    result = run(tmp_path, speaking, text=text)
    assert result.step("speak").parameters == {"Output": text}


@pytest.mark.parametrize(
    ("kind", "retryable"), [("PermanentError", False), ("TransientError", True)]
)
def test_a_failure_names_step_cause_and_whether_to_retry(
    tmp_path: Path, kind: str, retryable: bool
) -> None:
    result = run(tmp_path, failing, kind=kind)
    assert result.state == "failed"
    assert result.error.step == "fail"
    assert result.error.message == "expected a cluster, received nothing\non two lines; wait"
    assert result.error.retryable is retryable
    assert [step.state for step in result.steps] == ["succeeded", "failed"]


def test_a_crash_shows_the_end_of_the_log(tmp_path: Path) -> None:
    result = run(tmp_path, crashing)
    assert result.state == "failed"
    assert any("about to crash" in line for line in result.error.log_tail)


def test_finished_steps_are_not_done_again(tmp_path: Path) -> None:
    run(tmp_path, failing, kind="TransientError")
    again = run(tmp_path, failing, kind="TransientError")
    assert [step.state for step in again.steps] == ["cached", "failed"]
    assert again.step("speak").parameters == {"Output": "first"}


def test_interrupted(tmp_path: Path) -> None:
    def interrupt(event: Event, result: RunResult) -> None:
        if event.kind == "began":
            raise KeyboardInterrupt

    started = time.monotonic()
    result = run(tmp_path, sleeping, interrupt, seconds=60.0)
    assert time.monotonic() - started < 30
    assert result.state == "interrupted"
    assert [step.state for step in result.steps] == ["interrupted"]
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(tmp_path) not in listing.stdout
