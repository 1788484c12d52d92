"""Whole runs as pods: what they leave, what they say when they fail, what survives."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from tests.kubeflow.cluster import delete_pods, full_quota, kill_pod, pods_of, wait_until
from tests.kubeflow.conftest import IS_REAL, Stage, Success
from tests.kubeflow.install import STEPS, Install, step, unique


def test_the_run_leaves_the_same_record_as_a_local_run(succeeded: Success) -> None:
    record = succeeded.record
    assert record["state"] == "succeeded"
    assert [s["name"] for s in record["steps"]] == [*STEPS, "deploy", "report"]
    assert all(s["summary"] and s["phases"] for s in record["steps"] if s["name"] in STEPS[:6])
    assert record["version"]["number"] == 1
    assert record["decision"]
    assert record["metrics"]["accuracy"] > 0.5
    assert record["endpoint"]
    assert step(record, "train")["artifacts"]["model"]["uri"].startswith(("minio://", "s3://"))
    assert record["report"]


def test_the_run_knows_what_of_it_was_the_cluster(succeeded: Success) -> None:
    record = succeeded.record
    assert set(record["overhead"]) == {"driver", "queue", "start", "finish", "between"}
    for name in STEPS:
        own = step(record, name)
        assert own["overhead"]["driver"] > 0
        assert sum(own["overhead"].values()) <= own["seconds"] + 3  # Argo counts whole seconds
    assert sum(record["overhead"].values()) < record["seconds"]
    assert "Cluster: " in succeeded.output


def test_the_printed_link_names_the_run(succeeded: Success) -> None:
    assert f"/#/runs/details/{succeeded.record['run_id']}" in succeeded.output


def test_the_version_names_the_run_that_made_it(succeeded: Success) -> None:
    record = succeeded.record
    assert record["parameters"]["run_id"] == "[[RunUUID]]"
    assert record["run_id"] in step(record, "report")["parameters"]["Output"]


def test_show(succeeded: Success) -> None:
    assert succeeded.shown == succeeded.record


def test_show_finds_a_run_that_is_not_known_here(succeeded: Success) -> None:
    assert succeeded.shown_elsewhere == succeeded.record


def test_nothing_is_lost_with_the_pods(stage: Stage, succeeded: Success) -> None:
    run_id = succeeded.record["run_id"]
    with stage.play("pods-gone") as install:
        if install.is_real:
            delete_pods(run_id)
        code, output = install.call("show", run_id, "--json")
    assert code == 0, output
    shown = json.loads(output)
    assert {**shown, "where": ""} == {**succeeded.record, "where": ""}


def test_the_same_data_again_are_not_read_nor_learned_again(
    stage: Stage, succeeded: Success
) -> None:
    known = succeeded.record["parameters"]
    with stage.play("cached") as install:
        code, output, again = install.run(
            *("--model-name", known["model_name"], "--set", "deploy=false"),
            *("--set", f"seed={known['seed']}"),
        )
    assert code == 0, output
    states = {s["name"]: s["state"] for s in again["steps"]}
    assert {n for n, state in states.items() if state == "cached"} >= {"validate", "train"}
    assert states["evaluate"] == states["check"] == states["publish"] == "succeeded"
    assert again["version"]["number"] == 2


def test_bad_data(stage: Stage) -> None:
    with stage.play("bad-data") as install:
        code, output, record = install.run("--model-name", unique("bad"), "--set", "min_classes=99")
    assert code == 1
    assert record["error"]["step"] == "validate"
    assert record["error"]["message"].startswith("expected ")
    assert "99" in record["error"]["message"]
    assert step(record, "validate")["attempts"] == 1
    assert "Failed in step validate" in output


def test_a_bucket_that_does_not_exist(stage: Stage) -> None:
    with stage.play("bad-bucket") as install:
        code, output, record = install.run(
            "--model-name", unique("bucket"), "--data", "s3://no-such-bucket/photos"
        )
        assert code == 1
        run_id = record["run_id"]
        shown = json.loads(install.elsewhere().call("show", run_id, "--json")[1])
    assert record["error"]["step"] == "validate"
    assert record["error"]["message"].startswith("expected ")
    assert "no-such-bucket" in record["error"]["message"]
    assert "no-such-bucket" in output
    assert shown == record


def test_the_gate_refuses(stage: Stage) -> None:
    with stage.play("refused") as install:
        code, output, record = install.run(
            *("--model-name", unique("no"), "--set", "min_accuracy=1.0", "--set", "max_ece=0.0")
        )
    assert code == 3
    assert record["state"] == "refused"
    assert record["decision"] in " ".join(output.split())
    assert record["version"] is None
    assert "export" not in [s["name"] for s in record["steps"]]


def test_an_image_that_cannot_be_pulled(stage: Stage) -> None:
    image = '[steps.preprocess]\nimage = "localhost/no/such:image"\n'
    with stage.play("no-image", image) as install:
        _wait_and_terminate(install, "noimage", "preprocess")


def test_a_full_quota(stage: Stage) -> None:
    resource = "nvidia.com/gpu"
    asks = f'[steps.preprocess]\naccelerator = "{resource}"\naccelerators = 1\n'
    with (
        full_quota(resource) if IS_REAL else nullcontext(),
        stage.play("quota", asks) as install,
    ):
        _wait_and_terminate(install, "quota", "preprocess")


def _wait_and_terminate(install: Install, name: str, at: str) -> dict[str, Any]:
    with install.start(
        *("run", "--on", "kubeflow", "--model-name", unique(name), "--set", "seed=7")
    ) as process:
        assert process.stdout is not None
        run_id = process.stdout.readline().split()[1]
        try:
            wait_until(lambda: at in install.call("show", run_id)[1], 600)
        finally:
            install.call("terminate", run_id)
            process.communicate(timeout=120)
    assert process.returncode == 130
    record = install.record(run_id)
    assert record["state"] == "interrupted"
    return record


def test_a_steps_pod_is_killed(stage: Stage) -> None:
    with stage.play("killed") as install:
        with install.start(
            *("run", "--on", "kubeflow", "--model-name", unique("killed"), "--no-cache"),
            *("--set", "deploy=false", "--set", "epochs=3"),
        ) as process:
            assert process.stdout is not None
            run_id = process.stdout.readline().split()[1]
            uid = kill_pod(run_id, "train") if install.is_real else ""
            output = process.stdout.read()
        record = install.record(run_id)
        assert process.returncode == 0, output
        assert record["version"]["number"] == 1
        if install.is_real:
            # Argo made another pod, of the same name while it had not yet seen the first one run.
            assert uid not in [found["metadata"]["uid"] for found in pods_of(run_id)]


@pytest.mark.skipif(not IS_REAL, reason="two runs at once need a real Kubeflow Pipelines")
def test_two_runs_at_once_publish_two_versions(stage: Stage) -> None:
    name = unique("twice")
    with stage.play("twice") as install:
        run: Callable[..., tuple[int, str, dict[str, Any]]] = install.run
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(run, "--model-name", name, "--set", "deploy=false") for _ in range(2)
            ]
            records = [run.result()[2] for run in runs]
    published = [record["version"]["number"] for record in records if record["version"]]
    assert len(published) == len(set(published))
    assert sorted(published)[0] == 1
    assert {record["state"] for record in records} <= {"succeeded", "refused"}
