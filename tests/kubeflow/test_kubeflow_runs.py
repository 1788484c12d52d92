"""Whole runs as pods: what they leave, what they say when they fail, what survives."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.kubeflow.conftest import STEPS, Install, kubectl, step, unique


def test_the_run_publishes_a_version_and_leaves_the_same_record_as_a_local_run(succeeded) -> None:
    _, record = succeeded
    assert record["state"] == "succeeded"
    assert [s["name"] for s in record["steps"]] == [*STEPS, "report"]
    assert all(s["summary"] and s["phases"] for s in record["steps"] if s["name"] in STEPS[:6])
    assert record["version"]["number"] == 1
    assert record["decision"]
    assert record["metrics"]["accuracy"] > 0.5
    assert step(record, "evaluate")["artifacts"]["test_classification"]["uri"]
    assert step(record, "train")["artifacts"]["model"]["uri"].startswith(("minio://", "s3://"))
    assert record["report"] == step(record, "evaluate")["artifacts"]["report"]["uri"]


def test_the_run_knows_what_of_it_was_the_cluster(succeeded) -> None:
    output, record = succeeded
    assert set(record["overhead"]) == {"driver", "queue", "start", "finish", "between"}
    for name in STEPS:
        own = step(record, name)
        assert own["overhead"]["driver"] > 0
        assert sum(own["overhead"].values()) <= own["seconds"] + 3  # Argo counts whole seconds
    assert sum(record["overhead"].values()) < record["seconds"]
    assert "Cluster: " in output


def test_the_version_names_the_run_that_made_it(install: Install, succeeded) -> None:
    _, record = succeeded
    assert record["parameters"]["run_id"] == "[[RunUUID]]"
    assert record["run_id"] in step(record, "report")["parameters"]["Output"]


def test_show(install: Install, succeeded) -> None:
    _, record = succeeded
    code, output = install.call("show", record["run_id"], "--json")
    assert code == 0
    assert json.loads(output) == record


def test_show_finds_a_run_that_is_not_known_here(succeeded, tmp_path, install: Install) -> None:
    _, record = succeeded
    elsewhere = Install(tmp_path, install.settings)
    code, output = elsewhere.call("show", record["run_id"], "--json")
    assert code == 0
    assert json.loads(output) == record


def test_the_same_data_again_are_not_read_nor_learned_again(install: Install, succeeded) -> None:
    _, record = succeeded
    name, seed = (record["parameters"][known] for known in ("model_name", "seed"))
    code, output, again = install.run(
        *("--model-name", name, "--set", "deploy=false", "--set", f"seed={seed}")
    )
    assert code == 0, output
    states = {s["name"]: s["state"] for s in again["steps"]}
    assert {n for n, state in states.items() if state == "cached"} >= {"validate", "train"}
    assert states["evaluate"] == states["check"] == states["publish"] == "succeeded"
    assert again["version"]["number"] == 2


def test_bad_data(install: Install) -> None:
    code, output, record = install.run("--model-name", unique("bad"), "--set", "min_classes=99")
    assert code == 1
    assert record["error"]["step"] == "validate"
    assert record["error"]["message"].startswith("expected ")
    assert "99" in record["error"]["message"]
    assert any("PermanentError" in line for line in record["error"]["log_tail"])
    assert step(record, "validate")["attempts"] == 1
    assert "Failed in step validate" in output
    assert record["report"] is None or "validate" in record["report"]


def test_the_gate_refuses(install: Install) -> None:
    code, output, record = install.run(
        *("--model-name", unique("refused"), "--set", "min_accuracy=1.0", "--set", "max_ece=0.0")
    )
    assert code == 3
    assert record["state"] == "refused"
    assert record["decision"] in " ".join(output.split())
    assert record["version"] is None
    assert "export" not in [s["name"] for s in record["steps"]]


def test_a_pod_that_cannot_start(install: Install, tmp_path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        install.settings.read_text() + '\n[steps.preprocess]\nimage = "localhost/no/such:image"\n'
    )
    broken = Install(install.home, settings)
    process = broken.start(
        *("run", "--on", "kubeflow", "--model-name", unique("noimage"), "--set", "seed=7")
    )
    assert process.stdout is not None
    run_id = process.stdout.readline().split()[1]
    try:
        wait_until(lambda: "preprocess" in broken.call("show", run_id)[1], 180)
    finally:
        broken.call("terminate", run_id)
        process.communicate(timeout=120)
    assert process.returncode == 130
    assert broken.record(run_id)["state"] == "interrupted"


def test_two_runs_at_once_publish_two_versions(install: Install) -> None:
    name = unique("twice")
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(install.run, "--model-name", name, "--set", "deploy=false")
            for _ in range(2)
        ]
        records = [run.result()[2] for run in runs]
    published = [record["version"]["number"] for record in records if record["version"]]
    assert len(published) == len(set(published))
    assert sorted(published)[0] == 1
    assert {record["state"] for record in records} <= {"succeeded", "refused"}


@pytest.mark.parametrize("name", ["train"])
def test_a_steps_pod_is_killed(install: Install, name: str) -> None:
    with install.start(
        *("run", "--on", "kubeflow", "--model-name", unique("killed"), "--no-cache"),
        *("--set", "deploy=false", "--set", "epochs=30", "--set", "patience=30"),
    ) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().split()[1]
        pod = wait_for_pod(run_id, name)
        kubectl("-n", "kubeflow", "delete", "pod", pod["name"], "--grace-period=0", "--force")
        output = process.stdout.read()
    record = install.record(run_id)
    assert process.returncode == 0, output
    assert record["version"]["number"] == 1
    # Argo made another pod, of the same name while it had not yet seen the first one run.
    assert pod["uid"] not in [found["metadata"]["uid"] for found in pods_of(run_id)]


def pods_of(run_id: str) -> list[dict[str, Any]]:
    """Return the pods of a run that there are now."""
    selector = f"pipeline/runid={run_id}"
    listed = kubectl("-n", "kubeflow", "get", "pods", "-l", selector, "-o", "json")
    return list(json.loads(listed)["items"])


def wait_for_pod(run_id: str, name: str) -> dict[str, Any]:
    """Return the metadata of the pod in which a step's code runs."""
    found: list[dict[str, Any]] = []

    def running() -> bool:
        found[:] = [
            pod["metadata"]
            for pod in pods_of(run_id)
            if f'"--function_to_execute","{name}"' in json.dumps(pod["spec"], separators=(",", ":"))
            and "system-container-impl" in pod["metadata"]["name"]
            and pod["status"]["phase"] == "Running"
        ]
        return bool(found)

    wait_until(running, 300)
    return found[0]


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(1)
