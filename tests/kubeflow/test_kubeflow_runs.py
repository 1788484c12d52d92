"""Whole runs as pods: what they leave, what they say when they fail, what survives."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from tests.kubeflow.cluster import delete_pods, full_quota, kill_pod, pods_of
from tests.kubeflow.conftest import IS_REAL, Stage, Success
from tests.kubeflow.install import QUICK, STEPS, Install, step, unique

_IMPATIENT = "[kubeflow]\nstart_patience_seconds = 5\n"


def test_the_run_leaves_the_same_record_as_a_local_run(succeeded: Success) -> None:
    record = succeeded.record
    assert record["state"] == "succeeded"
    assert tuple(s["name"] for s in record["steps"]) == STEPS
    assert all(s["state"] == "succeeded" for s in record["steps"])
    assert all(s["summary"] and s["phases"] and s["metrics"] for s in record["steps"])
    assert record["gaps"] == []
    assert record["version"]["number"] == 1
    assert record["decision"]
    assert record["metrics"]["accuracy"] > 0.4
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


def test_the_printed_link_opens_in_a_browser(stage: Stage, succeeded: Success) -> None:
    """Where only the API's address is known, no link is printed rather than a wrong one."""
    page = f"/#/runs/details/{succeeded.record['run_id']}"
    assert (page in succeeded.output) == (stage.address == "ui")


@pytest.mark.skipif("AWS_ENDPOINT_URL" not in os.environ, reason="needs the store of model_root")
def test_the_version_names_the_run_that_made_it(succeeded: Success) -> None:
    assert succeeded.record["parameters"]["run_id"] == "[[RunUUID]]"
    uri = urlsplit(f"{succeeded.record['version']['uri'].rstrip('/')}/manifest.json")
    answer = boto3.client("s3").get_object(Bucket=uri.netloc, Key=uri.path.lstrip("/"))
    assert json.load(answer["Body"])["run_id"] == succeeded.record["run_id"]


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
    assert comparable(json.loads(output)) == comparable(succeeded.record)


def test_the_other_address_tells_the_same(stage: Stage, succeeded: Success) -> None:
    with stage.other.play("other-address") as install:
        code, output = install.call("show", succeeded.record["run_id"], "--json")
    assert code == 0, output
    assert comparable(json.loads(output)) == comparable(succeeded.record)


def comparable(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what depends on the address at which it was read."""
    return {**record, "where": "", "page": "", "report_page": ""}


@pytest.mark.slow
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
    cached = [s for s in again["steps"] if s["state"] == "cached"]
    assert {s["name"] for s in cached} >= {"validate", "train"}
    # They tell what they told when they ran, and point at what they made then.
    for now in cached:
        known = step(succeeded.record, now["name"])
        for told in ("summary", "metrics", "phases", "artifacts", "parameters"):
            assert now[told] == known[told], told
    assert again["gaps"] == []
    assert states["evaluate"] == states["check"] == states["publish"] == "succeeded"
    assert again["version"]["number"] == 2


@pytest.mark.slow
def test_bad_data(stage: Stage) -> None:
    with stage.play("bad-data") as install:
        code, output, record = install.run("--model-name", unique("bad"), "--set", "min_classes=99")
    assert code == 1
    assert record["error"]["step"] == "validate"
    assert record["error"]["message"].startswith("expected ")
    assert "99" in record["error"]["message"]
    assert step(record, "validate")["attempts"] == 1
    assert "Failed in step validate" in output


@pytest.mark.slow
def test_a_bucket_that_does_not_exist(stage: Stage) -> None:
    with stage.play("bad-bucket") as install:
        code, output, record = install.run(
            "--model-name", unique("bucket"), "--data", "s3://no-such-bucket/photos"
        )
        assert code == 1
        run_id = record["run_id"]
        shown = json.loads(install.elsewhere().call("show", run_id, "--json")[1])
    assert record["error"]["step"] == "fingerprint"
    assert record["error"]["message"].startswith("expected ")
    assert "no-such-bucket" in record["error"]["message"]
    assert "no-such-bucket" in output
    assert shown == record


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_image_that_cannot_be_pulled(stage: Stage) -> None:
    image = '[steps.preprocess]\nimage = "localhost/no/such:image"\n'
    with stage.play("no-image", _IMPATIENT + image) as install:
        error = _waits_in_vain(install)
    assert "expected the image localhost/no/such:image on a node" in error
    assert "`image` under [steps]" in error


@pytest.mark.slow
def test_a_full_quota(stage: Stage) -> None:
    resource = "nvidia.com/gpu"
    asks = f'[steps.preprocess]\naccelerator = "{resource}"\naccelerators = 1\n'
    with (
        full_quota(resource) if IS_REAL else nullcontext(),
        stage.play("quota", _IMPATIENT + asks) as install,
    ):
        error = _waits_in_vain(install)
    assert "expected room in the namespace's quota for step preprocess" in error
    assert f"requests.{resource}" in error


def _waits_in_vain(install: Install) -> str:
    """Run until patience ends; return the error, which the record keeps wherever it is read."""
    code, output, record = install.run("--model-name", unique("waits"), "--set", "seed=7")
    assert code == 1, output
    assert "preprocess waits: expected" in " ".join(output.split())
    assert (record["state"], record["error"]["step"]) == ("failed", "preprocess")
    message = str(record["error"]["message"])
    assert "ended after 5 s of waiting" in message
    shown = json.loads(install.call("show", record["run_id"], "--json")[1])
    assert shown["error"] == record["error"]
    return message


@pytest.mark.slow
def test_a_steps_pod_is_killed(stage: Stage) -> None:
    with stage.play("killed") as install:
        with install.start(
            *("run", "--on", "kubeflow", "--model-name", unique("killed")),
            *("--set", "deploy=false", *QUICK),
        ) as process:
            assert process.stdout is not None
            run_id = process.stdout.readline().split()[1]
            uid = kill_pod(run_id, "evaluate") if install.is_real else ""
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
    with stage.play("twice", kept=False) as install:
        run: Callable[..., tuple[int, str, dict[str, Any]]] = install.run
        with ThreadPoolExecutor(2) as pool:
            runs = [
                pool.submit(run, "--model-name", name, "--set", "deploy=false") for _ in range(2)
            ]
            records = [run.result()[2] for run in runs]
    published = [record["version"]["number"] for record in records if record["version"]]
    assert published, [record["error"] or record["decision"] for record in records]
    assert len(published) == len(set(published))
    assert min(published) == 1
    assert {record["state"] for record in records} <= {"succeeded", "refused"}
