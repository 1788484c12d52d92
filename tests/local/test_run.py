"""Whole runs of the compiled pipeline, by the command line, on real photos."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import httpx
import jsonschema
import psutil
import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE, wait_for

from viewfinder_components.formats.drawn_photos import ARTIFACTS, DrawnPhotos
from viewfinder_components.formats.verdict import read_verdict
from viewfinder_pipelines.pipeline.registry import TRAINING

pytestmark = pytest.mark.slow

SCHEMA = Path(__file__).parents[2] / "docs" / "run-record.schema.json"
STEPS = [step.name for step in TRAINING.steps if step.name != "deploy" and not step.for_cache]


def test_the_run_publishes_a_version_and_leaves_a_record(published) -> None:
    record = published.records()[0]
    jsonschema.validate(record, json.loads(SCHEMA.read_text()))
    assert record["state"] == "succeeded"
    assert [step["name"] for step in record["steps"]] == STEPS
    assert all(step["summary"] for step in record["steps"][:-1])
    version = Path(record["version"]["uri"].removeprefix("file://"))
    assert version == published.home / "models" / "small" / "1"
    assert json.loads((version / "manifest.json").read_text())["run_id"] == record["run_id"]


def test_the_record_has_what_each_step_measured_and_where_its_time_went(published) -> None:
    steps = {step["name"]: step for step in published.records()[0]["steps"]}
    assert all(step["phases"] for step in steps.values())
    assert 0 < steps["evaluate"]["metrics"]["accuracy"] <= 1
    assert steps["train"]["metrics"]["epochs"] >= 1
    assert all(
        artifact["type"].startswith("system.")
        for step in steps.values()
        for artifact in step["artifacts"].values()
    )
    (row,) = [line for line in published.run("show").stdout.splitlines() if "succeeded" in line]
    assert f"{steps['evaluate']['metrics']['accuracy']:.1%}"[:-1] in row


def test_export_and_check_got_a_few_photos_instead_of_the_shards(published) -> None:
    """What they said about precisions counts the test photos, so they read what was drawn."""
    record = published.records()[0]
    artifacts = {step["name"]: step["artifacts"] for step in record["steps"]}
    drawn = {
        split: DrawnPhotos.open(Path(artifacts["preprocess"][name]["uri"]), split)
        for split, name in ARTIFACTS.items()
    }
    counts = next(step["metrics"] for step in record["steps"] if step["name"] == "preprocess")
    assert {split: len(photos) for split, photos in drawn.items()} == {
        split: counts[split] for split in drawn
    }
    reason = f"the split has {counts['test']:.0f}"
    verdict = read_verdict(Path(artifacts["check"]["verdict"]["uri"]))
    manifest = json.loads(
        (Path(artifacts["export"]["servable"]["uri"]) / "manifest.json").read_text()
    )
    assert reason in verdict["precision"]["reason"]
    assert reason in manifest["precision"]["reason"]


def test_the_report_is_self_contained(published) -> None:
    page = Path(published.records()[0]["report"]).read_text()
    assert not re.search(r"""(?:src|href)\s*=\s*["']https?://""", page)
    assert "data:image/jpeg;base64," in page


def test_a_report_that_a_signal_prevented_is_written_on_resuming(published) -> None:
    record = published.records()[0]
    path, report = published.home / "runs" / record["run_id"] / "run.json", Path(record["report"])
    report.unlink()
    path.write_text(json.dumps({**record, "report": None}))
    published.run("run", "--resume", record["run_id"])
    assert published.records()[0] == record
    assert report.is_file()


def test_show(published) -> None:
    run_id = published.records()[0]["run_id"]
    assert run_id in published.run("show").stdout
    told = published.run("show", run_id)
    assert told.returncode == 0
    assert all(step in told.stdout for step in STEPS)
    assert json.loads(published.run("show", run_id, "--json").stdout)["run_id"] == run_id
    assert "list the runs" in published.run("show", "no-such-run").stderr


def test_serve_and_predict(published, photos: Path) -> None:
    port = str(free_port())
    endpoint = f"http://127.0.0.1:{port}"
    chosen = [next((photos / label).iterdir()) for label in sorted(os.listdir(photos))]
    missing = published.run("predict", str(chosen[0]), "--endpoint", endpoint)
    assert "viewfinder serve MODEL`, correct --endpoint" in missing.stderr

    server = subprocess.Popen(
        published.command("serve", "small", "--port", port), env=published.environment
    )
    try:
        wait_for(lambda: is_ready(endpoint), "the server to be ready")
        told = published.run("predict", *map(str, chosen), "--endpoint", endpoint, "--json")
        answers = [json.loads(line) for line in told.stdout.splitlines()]
        mixed = [str(chosen[0]), __file__, str(chosen[1]), "no such photo"]
        told_of_some = published.run("predict", *mixed, "--endpoint", endpoint)
        as_json = published.run("predict", *mixed, "--endpoint", endpoint, "--json")
        other = published.run("predict", __file__, "--endpoint", endpoint, "--model", "cats")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)
    assert [answer["label"] for answer in answers] == sorted(os.listdir(photos))
    assert told_of_some.returncode == as_json.returncode == 4
    assert [line.partition(": ")[0] for line in told_of_some.stdout.splitlines()] == mixed[::2]
    refused, missing_file, count = told_of_some.stderr.splitlines()
    assert refused.startswith(f"{__file__}: the server refused it (HTTP 400): ")
    assert missing_file == "no such photo: there is no such file"
    assert other.stderr == (
        f"Error: expected a model cats at {endpoint}, received a server with small; "
        "name one of those with --model\n"
    )
    assert count == "2 of 4 photos could not be classified."
    lines = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert [line["photo"] for line in lines] == mixed
    assert ["error" in line for line in lines] == [False, True, False, True]


def is_ready(endpoint: str) -> bool:
    try:
        return httpx.get(f"{endpoint}/v2/health/ready").is_success
    except httpx.TransportError:
        return False


def test_a_refused_model_leaves_the_champion(published, photos: Path) -> None:
    before = len(published.records())
    done = published.run(
        *("run", "--data", str(photos), "--model-name", "small"),
        *("--set", "epochs=1", "--set", "learning_rate=1e-9"),
    )
    assert done.returncode == 3, done.stdout + done.stderr
    record = published.records()[-1]
    assert len(published.records()) > before
    assert record["state"] == "refused"
    assert record["decision"] in " ".join(done.stdout.split())
    assert [step["name"] for step in record["steps"]] == STEPS[:4]
    assert [path.name for path in (published.home / "models" / "small").glob("[!.]*")] == ["1"]


def test_a_failed_run_says_which_step_and_why(viewfinder, photos: Path, tmp_path: Path) -> None:
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (lonely / "only").symlink_to(next(photos.iterdir()))
    done = viewfinder.run("run", "--data", str(lonely))
    assert done.returncode == 1
    record = viewfinder.records()[0]
    assert record["state"] == "failed"
    assert record["error"]["step"] == "validate"
    assert record["error"]["message"].startswith("expected ")
    assert not record["error"]["retryable"]
    assert "Failed in step validate" in done.stdout
    assert f"Log:     {viewfinder.home}/runs/{record['run_id']}/log.txt" in done.stdout
    assert Path(record["report"]).is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "name a folder with one folder of photos per class"),
        (("--data", "x", "--set", "epoch=3"), "did you mean epochs?"),
        (
            ("--data", "x", "--set", "min_accuracy=1.5"),
            "expected min_accuracy to be a number from 0 to 1",
        ),
        (("--data", "x", "--backbone", "resnet"), "efficientnet-lite0, mobilenet or scratch"),
        (("--data", "x", "--model-name", "My Model"), "lower-case"),
        (("--data", "hdfs://x/photos"), "hdfs:// is not supported"),
    ],
)
def test_wrong_usage(viewfinder, arguments, sentence: str) -> None:
    done = viewfinder.run("run", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--data", "lost"), "lost', which does not exist"),
        (("--resume", "unknown"), "list the runs"),
        (("--resume", "unknown", "--backbone", "scratch"), "list the runs"),
    ],
)
def test_what_is_not_there(viewfinder, arguments, sentence: str) -> None:
    done = viewfinder.run("run", *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_has_ended_is_not_run_again(published) -> None:
    before = published.records()[0]
    again = published.run("run", "--resume", before["run_id"])
    assert again.returncode == 0
    assert "there is nothing to resume" in again.stdout
    assert published.records()[0] == before
    assert [path.name for path in (published.home / "models" / "small").glob("[!.]*")] == ["1"]


def test_nothing_stays_in_the_temporary_folder(published) -> None:
    assert list(published.temporary.iterdir()) == []
    assert list((published.home / "runs").glob("*/tmp-*")) == []


@pytest.mark.timeout(900)
def test_killed_again_and_again_and_resumed(
    viewfinder, photos: Path, patient: tuple[str, ...]
) -> None:
    """SIGKILL for a step, then the runner, then the runner after publish: one version comes out."""
    arguments = ("run", "--data", str(photos), "--model-name", "small", *patient)
    command = viewfinder.command(*arguments)
    with subprocess.Popen(command, env=viewfinder.environment, stdout=subprocess.DEVNULL):
        wait_for(lambda: state_of(viewfinder, "train") == "running", "train to run", 300)
        wait_for(lambda: len(step_processes(viewfinder.home)) == 1, "one process of a step")
        os.kill(step_processes(viewfinder.home)[0], signal.SIGKILL)
    record = viewfinder.records()[0]
    assert (record["state"], record["error"]["step"]) == ("failed", "train")
    assert "signal 9 (SIGKILL)" in record["error"]["message"]

    resume = ("run", "--resume", record["run_id"])
    for step, state in (("train", "running"), ("publish", "succeeded")):
        kill_when(viewfinder, resume, step, state)
        shown = json.loads(viewfinder.run("show", record["run_id"], "--json").stdout)
        # After publish little is left to do: the run may end before the kill.
        ended = ("interrupted",) if step == "train" else ("interrupted", "succeeded")
        assert shown["state"] in ended
    done = viewfinder.run(*resume)
    assert done.returncode == 0, done.stdout + done.stderr
    resumed = viewfinder.records()[0]
    states = {step["name"]: step["state"] for step in resumed["steps"]}
    reused = [step for step in resumed["steps"] if step["state"] == "cached"]
    assert all(step["seconds"] == 0.0 < step["reused_seconds"] for step in reused)
    assert [states[step] for step in STEPS[:3]] == ["cached"] * 3
    assert resumed["version"]["number"] == 1
    assert [path.name for path in (viewfinder.home / "models" / "small").glob("[!.]*")] == ["1"]
    assert "no earlier version to compare with" in resumed["decision"]  # not with its own
    assert list(viewfinder.temporary.iterdir()) == []


def kill_when(viewfinder, arguments: tuple[str, ...], step: str, state: str) -> None:
    """Kill the runner once a step is in a state; its steps end with it."""
    command = viewfinder.command(*arguments)
    with subprocess.Popen(command, env=viewfinder.environment, stdout=subprocess.DEVNULL) as run:
        wait_for(lambda: records_process(viewfinder) == run.pid, "the run's record", 120)
        wait_for(lambda: state_of(viewfinder, step) == state, f"{step} to be {state}", 600)
        run.kill()
    wait_for(lambda: not processes_of(viewfinder.home), "every process to end")


def records_process(viewfinder) -> int | None:
    process = viewfinder.records()[0]["process"]
    assert process is None or isinstance(process, int)
    return process


def state_of(viewfinder, name: str) -> str | None:
    records = viewfinder.records()
    steps = records[0]["steps"] if records else []
    return next((step["state"] for step in steps if step["name"] == name), None)


def step_processes(home: Path) -> list[int]:
    return [pid for pid, args in processes_of(home) if args.startswith("python3 -m kfp")]


def processes_of(home: Path) -> list[tuple[int, str]]:
    """The processes that work below a home, by id."""
    found = psutil.process_iter(["cmdline"])
    lines = [(process.pid, " ".join(process.info["cmdline"] or [])) for process in found]
    return [(pid, args) for pid, args in lines if str(home) in args]
