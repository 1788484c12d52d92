"""The runner with pipelines of a step or two: how it tells what kfp.local does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from kfp import compiler, dsl
from tests.fixtures.foreign_modules import write_foreign_modules
from tests.fixtures.waiting import wait_for

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.local.execution import run_locally
from viewfinder_pipelines.runs.events import Event
from viewfinder_pipelines.runs.record import RunResult


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
def count_and_fail(starts: str):
    with open(starts, "a") as file:
        file.write("started\n")
    raise SystemExit(1)


@dsl.component(base_image="python", install_kfp_package=False)
def end_by(number: int, the_shell: bool):
    import logging
    import os

    logging.info("end-by: epoch 3: loss 0.5612")
    os.kill(os.getppid() if the_shell else os.getpid(), number)


@dsl.component(base_image="python", install_kfp_package=False)
def leave_files() -> str:
    import tempfile

    tempfile.mkdtemp()
    return tempfile.gettempdir()


@dsl.component(base_image="python", install_kfp_package=False)
def fill_the_disk(folder: str, facts: dsl.Output[dsl.Metrics], fails: bool):
    import contextlib

    from viewfinder_components.outcome import record_outcome

    with record_outcome("fill-the-disk", facts) as outcome:
        with (
            contextlib.nullcontext() if fails else contextlib.suppress(OSError),
            open(f"{folder}/filling", "wb", buffering=0) as file,
        ):
            while True:
                file.write(b"x" * 4096)
                print("a line for the log, " * 10)
        outcome.succeed("the disk is full", {})


@dsl.component(base_image="python", install_kfp_package=False)
def spoil_outputs(facts: dsl.Output[dsl.Metrics]):
    from pathlib import Path

    from viewfinder_components.outcome import record_outcome

    with record_outcome("spoil-outputs", facts) as outcome:
        Path(facts.path).with_name("executor_output.json").mkdir()
        outcome.succeed("done", {})


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


@dsl.pipeline(name="retrying")
def retrying(starts: str):
    count_and_fail(starts=starts).set_retry(num_retries=2, backoff_duration="0s")


@dsl.pipeline(name="ending")
def ending(number: int, the_shell: bool = False):
    end_by(number=number, the_shell=the_shell)


@dsl.pipeline(name="leaving")
def leaving():
    leave_files()


@dsl.pipeline(name="filling")
def filling(folder: str, fails: bool):
    fill_the_disk(folder=folder, fails=fails)


@dsl.pipeline(name="spoiling")
def spoiling():
    spoil_outputs()


@dsl.pipeline(name="sleeping")
def sleeping(seconds: float):
    sleep(seconds=seconds)


def run(tmp_path: Path, pipeline, listener=lambda event, result: None, **arguments) -> RunResult:
    compiled = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(pipeline, str(compiled))
    return run_locally(compiled, arguments, arguments, tmp_path / "run", listener, "speaking")


@dsl.pipeline(name="nested")
def nested():
    with dsl.ParallelFor(["a", "b"]) as word, dsl.If(word == "b"):
        speak(text=word)


def test_a_condition_in_a_loop_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"loops contain only steps.* around speak"):
        run(tmp_path, nested)
    assert not (tmp_path / "run").exists()


@dsl.pipeline(name="looped")
def looped():
    with dsl.ParallelFor(["a", "b", "c"]) as word:
        speak(text=word)


def test_a_loop_that_was_interrupted_goes_on_with_the_next_iteration(tmp_path: Path) -> None:
    def interrupt(event: Event, result: RunResult) -> None:
        if event.kind == "began" and event.step == "speak[2]":
            raise KeyboardInterrupt

    first = run(tmp_path, looped, interrupt)
    assert [step.state for step in first.steps] == ["succeeded", "succeeded", "interrupted"]
    result = run(tmp_path, looped)
    assert result.state == "succeeded"
    assert [step.state for step in result.steps[:2]] == ["cached", "cached"]
    # The third may have ended before it was interrupted.
    assert result.steps[2].state in ("succeeded", "cached")
    assert [step.summary for step in result.steps] == ["a", "b", "c"]
    assert [step.parameters["Output"] for step in result.steps] == ["a", "b", "c"]


@dsl.component(base_image="python", install_kfp_package=False)
def split(text: str) -> list:
    return text.split()


@dsl.component(base_image="python", install_kfp_package=False)
def speak_unless(text: str, forbidden: str) -> int:
    if text == forbidden:
        raise SystemExit(1)
    return len(text)


@dsl.pipeline(name="two-steps")
def two_steps(forbidden: str):
    with dsl.ParallelFor(["a", "bb", "ccc"]) as word:
        first = speak_unless(text=word, forbidden=forbidden)
        speak(text=word).after(first)


def test_an_iteration_that_ended_early_does_not_change_the_numbers_of_the_others(
    tmp_path: Path,
) -> None:
    result = run(tmp_path, two_steps, forbidden="bb")
    assert (result.state, result.error.step) == ("failed", "speak-unless[1]")
    told = {step.name: step.parameters.get("Output") for step in result.steps}
    assert told == {
        "speak-unless[0]": 1,
        "speak[0]": "a",
        "speak-unless[1]": None,
        "speak-unless[2]": 3,
        "speak[2]": "ccc",
    }
    again = run(tmp_path, two_steps, forbidden="bb")
    assert {step.name: step.parameters.get("Output") for step in again.steps} == told
    assert [step.state for step in again.steps] == [*["cached"] * 2, "failed", *["cached"] * 2]


@dsl.pipeline(name="repeating")
def repeating():
    with dsl.ParallelFor(["a", "b", "a"]) as word:
        speak(text=word)
        speak_unless(text=word, forbidden="")


def test_an_iteration_with_the_item_of_an_earlier_one_has_its_results(tmp_path: Path) -> None:
    result = run(tmp_path, repeating)
    for record in (result, run(tmp_path, repeating)):
        first, last = record.step("speak[0]"), record.step("speak[2]")
        assert (last.state, last.summary, last.metrics) == ("cached", "a", {"words": 1})
        assert last.parameters == {"Output": "a"}
        assert last.artifacts == first.artifacts
        assert last.artifacts["words"].type == "system.Metrics"
        assert last.artifacts["words"].metadata == {"words": 1}
        assert record.step("speak-unless[2]").parameters == {"Output": 1}
        assert record.step("speak[1]").summary == "b"


@dsl.component(base_image="python", install_kfp_package=False)
def gather(texts: list) -> str:
    return repr(texts)


@dsl.pipeline(name="collecting")
def collecting(text: str):
    parts = split(text=text)
    with dsl.ParallelFor(parts.output) as word:
        spoken = speak(text=word)
    gather(texts=dsl.Collected(spoken.outputs["Output"]))


@pytest.mark.parametrize(("text", "gathered"), [("a b", "['a', 'b']"), ("", "[]")])
def test_the_results_of_a_loop_without_items_are_an_empty_list(
    tmp_path: Path, text: str, gathered: str
) -> None:
    result = run(tmp_path, collecting, text=text)
    assert result.state == "succeeded", result.error
    assert result.step("gather").parameters == {"Output": gathered}


@dsl.component(base_image="python", install_kfp_package=False)
def weigh(words: dsl.Input[list[dsl.Metrics]]) -> int:
    return len(words)


@dsl.pipeline(name="collecting-artifacts")
def collecting_artifacts(text: str):
    parts = split(text=text)
    with dsl.ParallelFor(parts.output) as word:
        spoken = speak(text=word)
    weigh(words=dsl.Collected(spoken.outputs["words"]))


def test_artifacts_of_a_loop_without_items_cannot_be_collected(tmp_path: Path) -> None:
    result = run(tmp_path, collecting_artifacts, text="")
    assert result.state == "failed"
    assert result.error.message.startswith("expected a loop with at least one item, because")
    assert "received none, from split; add an item" in result.error.message
    assert [step.name for step in result.steps] == ["split"]


@dsl.component(base_image="python", install_kfp_package=False)
def name_parts(text: str) -> NamedTuple("Parts", [("parts", list), ("letters", int)]):  # type: ignore[valid-type]
    return (text.split(), len(text))


@dsl.component(base_image="python", install_kfp_package=False)
def join(first: str, second: str, number: int) -> str:
    return f"{first} {second} {number}"


@dsl.pipeline(name="joining")
def joining(text: str):
    named = name_parts(text=text)
    parts, letters = named.outputs["parts"], named.outputs["letters"]
    spoken = speak(text="other")
    with dsl.ParallelFor(parts) as word:
        join(first=word, second=spoken.outputs["Output"], number=letters)


def test_steps_in_a_loop_get_outputs_of_the_steps_before_it(tmp_path: Path) -> None:
    result = run(tmp_path, joining, text="a b")
    assert result.state == "succeeded", result.error
    told = [result.step(f"join[{number}]").parameters["Output"] for number in range(2)]
    assert told == ["a other 3", "b other 3"]


@dsl.component(base_image="python", install_kfp_package=False)
def lose_outputs(text: str, facts: dsl.Output[dsl.Metrics]):
    import atexit
    from pathlib import Path

    output = Path(facts.path).with_name("executor_output.json")
    atexit.register(output.write_text, '{"artifacts": {"facts": {"artifacts": []}}}')


@dsl.pipeline(name="losing")
def losing():
    with dsl.ParallelFor(["a", "b"]) as word:
        lose_outputs(text=word)


def test_an_error_of_kfp_in_an_iteration_is_the_runs(tmp_path: Path) -> None:
    """kfp.local only logs it, and the step itself has succeeded."""
    result = run(tmp_path, losing)
    assert result.state == "failed"
    assert "IndexError" in result.error.message


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


@pytest.mark.parametrize("pattern", ["*/*/speak/executor_output.json", "*/*/speak/words"])
@pytest.mark.parametrize("left", [0, 10])
def test_a_finished_step_whose_files_were_cut_short_is_done_again(
    tmp_path: Path, pattern: str, left: int
) -> None:
    """As after a power cut: what was in memory never reached the disk."""
    run(tmp_path, failing, kind="TransientError")
    (file,) = (tmp_path / "run" / "steps").glob(pattern)
    os.truncate(file, left)
    again = run(tmp_path, failing, kind="TransientError")
    assert [step.state for step in again.steps] == ["succeeded", "failed"]
    assert again.step("speak").parameters == {"Output": "first"}
    assert again.step("speak").summary == "first"
    assert not file.exists()


@pytest.mark.parametrize("pattern", ["*/*/speak/executor_output.json", "*/*/speak/words"])
def test_a_finished_step_whose_files_were_changed_in_place_is_done_again(
    tmp_path: Path, pattern: str
) -> None:
    """The same size and the same time, as a sync or a repair of a disk may leave it."""
    run(tmp_path, failing, kind="TransientError")
    (file,) = (tmp_path / "run" / "steps").glob(pattern)
    before, content = file.stat(), file.read_bytes()
    file.write_bytes(content.replace(b"first", b"other"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.read_bytes() != content
    assert file.stat().st_size == before.st_size
    again = run(tmp_path, failing, kind="TransientError")
    assert [step.state for step in again.steps] == ["succeeded", "failed"]
    assert again.step("speak").parameters == {"Output": "first"}


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: [],
        lambda entry: {},
        lambda entry: {"Output": "first"},
        lambda entry: {**entry, "words": "no artifact"},
        lambda entry: {**entry, "words": {**entry["words"], "uri": 3}},
        lambda entry: {**entry, "more": 1},
    ],
)
def test_an_entry_of_another_shape_in_the_cache_is_not_used(
    tmp_path: Path, change: Callable[[Any], Any]
) -> None:
    run(tmp_path, failing, kind="TransientError")
    (entry,) = (tmp_path / "run" / "cache").glob("*.json")
    entry.write_text(json.dumps(change(json.loads(entry.read_text()))))
    again = run(tmp_path, failing, kind="TransientError")
    assert [step.state for step in again.steps] == ["succeeded", "failed"]
    assert again.error is not None
    assert again.error.step == "fail"


def test_what_an_unfinished_try_wrote_is_removed(tmp_path: Path) -> None:
    for _ in range(2):
        run(tmp_path, failing, kind="TransientError")
        folders = sorted(path.name for path in (tmp_path / "run" / "steps").glob("*/*/*"))
        assert folders == ["fail", "speak"]


def test_interrupted(tmp_path: Path) -> None:
    def interrupt(event: Event, result: RunResult) -> None:
        if event.kind == "began":
            raise KeyboardInterrupt

    started = time.monotonic()
    result = run(tmp_path, sleeping, interrupt, seconds=600.0)
    assert time.monotonic() - started < 300
    assert result.state == "interrupted"
    assert [step.state for step in result.steps] == ["interrupted"]
    assert result.steps[0].seconds > 0
    need_no_process(str(tmp_path))


def test_a_failing_step_is_started_once(tmp_path: Path) -> None:
    """Retries are for pods that are killed; kfp.local would start every failing step again."""
    starts = tmp_path / "starts"
    result = run(tmp_path, retrying, starts=str(starts))
    assert result.state == "failed"
    assert starts.read_text() == "started\n"


@pytest.mark.parametrize(
    ("number", "told", "retryable"),
    [
        (signal.SIGKILL, ["signal 9 (SIGKILL)", "memory", "resume"], True),
        (signal.SIGTERM, ["signal 15 (SIGTERM)", "resume"], True),
        (signal.SIGSEGV, ["signal 11 (SIGSEGV)", "crashed"], False),
    ],
)
def test_a_step_that_a_signal_ended(tmp_path: Path, number: int, told, retryable: bool) -> None:
    result = run(tmp_path, ending, number=int(number))
    assert result.error.step == "end-by"
    assert "loss" not in result.error.message
    assert [text for text in told if text not in result.error.message] == []
    assert result.error.retryable is retryable
    assert any("epoch 3" in line for line in result.error.log_tail)


def test_a_step_whose_shell_was_killed(tmp_path: Path) -> None:
    result = run(tmp_path, ending, number=9, the_shell=True)
    assert result.state == "failed"
    assert "step end-by to run to completion, received signal 9" in result.error.message


def test_an_error_of_kfp_itself_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "cache").write_text("a file")
    result = run(tmp_path, speaking)
    assert (result.state, result.error.step) == ("failed", None)
    assert f"nothing at {tmp_path}/run/cache yet" in result.error.message
    assert "FileExistsError" in (tmp_path / "run" / "log.txt").read_text()


def test_a_killed_job_leaves_no_step_behind(tmp_path: Path) -> None:
    def kill_the_job(event: Event, result: RunResult) -> None:
        if event.kind == "began":
            [job] = [
                p
                for p in psutil.Process().children()
                if "viewfinder_pipelines.local.process" in str(p.cmdline())
            ]
            wait_for(lambda: job.children(recursive=True), "the step to start")
            job.kill()

    result = run(tmp_path, sleeping, kill_the_job, seconds=60.0)
    assert result.state == "failed"
    assert "signal 9 (SIGKILL)" in result.error.message
    assert [step.state for step in result.steps] == ["interrupted"]
    need_no_process(str(tmp_path))


def test_no_temporary_files_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setenv("TMPDIR", str(system))
    result = run(tmp_path, leaving)
    used = Path(result.step("leave-files").parameters["Output"])
    assert used.is_relative_to(tmp_path / "run")
    assert not used.exists()
    assert list(system.iterdir()) == []


RUN = """
import sys
from pathlib import Path
from viewfinder_pipelines.local.execution import run_locally
pipeline, run_dir = map(Path, sys.argv[1:])
listener = lambda event, result: print(event.kind)
run_locally(pipeline, {"seconds": 60.0}, {}, run_dir, listener, "waiting")
"""


def test_a_killed_runner_leaves_nothing_and_can_go_on_at_once(tmp_path: Path) -> None:
    compiled = tmp_path / "pipeline.yaml"
    compiler.Compiler().compile(sleeping, str(compiled))
    run_dir = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(compiled), str(run_dir)], stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdout is not None
        assert any(line == "began\n" for line in runner.stdout)
        assert RunResult.load(run_dir).state == "running"
        with pytest.raises(PermanentError, match="still working on it"):
            run(tmp_path, speaking)
        runner.kill()
    wait_for(
        lambda: not processes_with(str(tmp_path)) and not list(run_dir.glob("tmp-*")),
        "the run's processes and folders to go",
    )
    assert RunResult.load(run_dir).state == "interrupted"
    assert run(tmp_path, speaking).state == "succeeded"


def test_modules_of_the_working_directory_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_foreign_modules(tmp_path / "work"))
    assert run(tmp_path, speaking, text="done").state == "succeeded"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; only root can mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no permission to mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.parametrize("fails", [True, False])
def test_a_full_disk_is_told_and_recorded(small_disk: Path, fails: bool) -> None:
    """Whether the step meets it, kfp after the step, or the runner with its log and record."""
    result = run(small_disk, filling, folder=str(small_disk), fails=fails)
    assert result.state == "failed"
    assert "space on the disk" in result.error.message
    assert RunResult.load(small_disk / "run") == result
    assert not [line for line in result.error.log_tail if "viewfinder_outcome" in line]


def test_outputs_that_kfp_could_not_write_down(tmp_path: Path) -> None:
    result = run(tmp_path, spoiling)
    assert result.error.step == "spoil-outputs"
    assert result.error.message.startswith("expected the outputs of step spoil-outputs, which had")
    assert "Is a directory" in result.error.message
    assert "resume the run" in result.error.message


def test_a_run_that_finds_no_room_to_begin_takes_none(small_disk: Path) -> None:
    (small_disk / "other").write_bytes(bytes((2 << 20) - (100 << 10)))
    with pytest.raises(
        PermanentError, match=r"space on the disk for runs and models at .*, received No space left"
    ):
        run(small_disk, filling, folder=str(small_disk), fails=False)
    assert not (small_disk / "run" / ".reserve").exists()


def need_no_process(text: str) -> None:
    """Wait for what was killed to end: the kernel may need a while on a busy machine."""
    wait_for(lambda: not processes_with(text), f"no process with {text}")


def processes_with(text: str) -> list[str]:
    found = psutil.process_iter(["cmdline"])
    lines = [" ".join(process.info["cmdline"] or []) for process in found]
    return [line for line in lines if text in line]
