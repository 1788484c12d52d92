"""Deploying a published version by itself, going back and taking it away, on a real KServe."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cluster.deployments import MODEL, MODES, Stage
from tests.fixtures.waiting import wait_for

from viewfinder.cli.main import main
from viewfinder_components.deployment.kserve.history import list_histories
from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_pipelines.local.execution import run_locally
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT
from viewfinder_pipelines.runs.record import RunResult

pytestmark = pytest.mark.timeout(900)  # a busy machine takes three times as long
SIZE = ("--set", "predictor_cpu=200m", "--set", "predictor_memory=400Mi")

Run = Callable[..., Result]


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(stage: Stage, mode: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `viewfinder` with the rights of `pipeline-runner` and a settings file."""
    for name, value in stage.s3.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "viewfinder.toml").write_text(
        f'[kubeflow]\nnamespace = "{stage.admin.namespace}"\n'
        f'[parameters]\nmodel_root = "s3://{stage.bucket}/models"\nkserve_mode = "{mode}"\n'
        "seed = 3\n"
    )
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == code, result.output
        return result

    return invoke


def deploy_process(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [Path(sys.executable).with_name("viewfinder"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ,
    )


def run_pipeline(stage: Stage, number: int) -> RunResult:
    """Run the pipeline `viewfinder-deployment`, its steps as processes of this machine."""
    given = {
        "model_root": f"s3://{stage.bucket}/models",
        "model_name": MODEL,
        "version": number,
        "namespace": stage.admin.namespace,
        "predictor_cpu": "200m",
        "predictor_memory": "400Mi",
        "kserve_mode": stage.mode,
    }
    folder = stage.folder / "run"
    folder.mkdir()
    compile_pipeline(folder / "pipeline.yaml", DEPLOYMENT)
    parameters = DEPLOYMENT.with_defaults(given)
    return run_locally(
        folder / "pipeline.yaml", given, parameters, folder, lambda *_: None, DEPLOYMENT.name
    )


def history(stage: Stage) -> list[tuple[int, str]]:
    entries = list_histories(stage.admin)[MODEL].entries
    return [(entry.number, entry.by.value) for entry in entries]


def test_deploy_go_back_and_take_away(
    stage: Stage, run: Run, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        stage.publish(number)
    first: dict[str, Any] = json.loads(run("deploy", f"{MODEL}/1", *SIZE, "--json").stdout)
    assert (first["state"], first["changed"]) == ("succeeded", True)
    assert first["kserve"]["mode"] == stage.mode
    assert first["metrics"]["photos_compared"] == 5
    assert "received only version 1" in run("rollback", MODEL, code=1).stderr
    again = run("deploy", f"{MODEL}/1", *SIZE)
    assert "version 1 was already serving" in again.stdout
    newest = run("deploy", MODEL, *SIZE)
    assert "version 3 serves" in newest.stdout
    assert "deploy: waiting for" in newest.stderr

    more = run("deploy", MODEL, "--set", "predictor_cpu=150m", *SIZE[2:])
    assert "changes the service's predictor_cpu 150m (was 200m); settings of" in more.stderr
    assert "changed: predictor_cpu 150m (was 200m)" in more.stdout

    back = run("rollback", MODEL)
    assert "version 1 serves" in back.stdout
    assert "changed: predictor_cpu 200m (was 150m)" in back.stdout
    assert "5 test photos answered" in back.stdout
    assert stage.served_version() == "1"
    assert "received versions 1, 3" in run("rollback", MODEL, code=1).stderr
    assert "received versions 1, 3" in run("rollback", MODEL, "--to", "2", code=1).stderr
    run("rollback", MODEL, "--to", "3")
    assert stage.served_version() == "3"
    assert history(stage) == [
        (1, "deploy"),
        (3, "deploy"),
        (3, "deploy"),
        (1, "rollback"),
        (3, "rollback"),
    ]

    refused = run("undeploy", MODEL, "--yes", code=1)
    assert "permission to delete inferenceservices" in refused.stderr
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    pruned = run(
        "prune", MODEL, "--model-root", f"s3://{stage.bucket}/models", "--keep", "1",
        "--namespace", stage.admin.namespace, "--dry-run",
    ).stdout  # fmt: skip
    assert "/fruit/1: `viewfinder rollback` of fruit goes back to it" in pruned
    assert pruned.count("would remove") == 0  # only ours go: these have no claims

    assert "was removed" in run("undeploy", MODEL, "--yes").stdout
    assert stage.pods() == []
    assert stage.admin.get(stage.admin.path(SERVING, "inferenceservices", MODEL)) is None
    assert json.loads(run("undeploy", MODEL, "--yes", "--json").stdout)["changed"] is False
    wait_for(lambda: not list_histories(stage.admin), "the history to go with its service")
    assert "received none" in run("rollback", MODEL, code=1).stderr


@pytest.mark.parametrize("mode", ["Knative"])
def test_what_is_scaled_to_zero_goes_back_and_away(
    stage: Stage, run: Run, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        stage.publish(number)
        run("deploy", f"{MODEL}/{number}", *SIZE, "--set", "min_replicas=0")
    wait_for(lambda: not stage.pods(), "the pods to go", 120)
    assert "version 1 serves" in run("rollback", MODEL).stdout
    assert stage.served_version() == "1"
    assert stage.service()["spec"]["predictor"]["minReplicas"] == 0
    wait_for(lambda: not stage.pods(), "the pods to go again", 120)
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert "was removed" in run("undeploy", MODEL, "--yes").stdout
    for kind in ("services", "routes", "configurations", "revisions"):
        left = stage.admin.list(stage.admin.path("/apis/serving.knative.dev/v1", kind))
        assert left == [], kind


def test_by_pipeline_killed_two_at_once_and_a_version_that_was_deleted(
    stage: Stage, run: Run
) -> None:
    first = stage.publish(1)
    stage.publish(2)
    result = run_pipeline(stage, 1)
    assert [(step.name, step.state) for step in result.steps] == [
        ("select", "succeeded"), ("deploy", "succeeded"),
    ], result.error  # fmt: skip
    assert result.version == {"number": 1, "uri": first.uri}
    assert result.endpoint
    assert result.endpoint.startswith(f"http://{MODEL}-predictor.")

    process = deploy_process("deploy", f"{MODEL}/2", *SIZE)
    wait_for(lambda: stage.pods_of(2), "the pods of version 2")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    both = [deploy_process("deploy", f"{MODEL}/2", *SIZE) for _ in range(2)]
    for process in both:
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output
    assert stage.served_version() == "2"
    assert history(stage) == [(1, "deploy"), (2, "deploy")]

    client = stage.s3.client()
    prefix = first.uri.removeprefix(f"s3://{stage.bucket}/") + "/"
    for entry in client.list_objects_v2(Bucket=stage.bucket, Prefix=prefix)["Contents"]:
        client.delete_object(Bucket=stage.bucket, Key=entry["Key"])
    gone = run("rollback", MODEL, code=1)
    assert "expected version 1 of fruit" in gone.stderr
    assert "received only 2" in gone.stderr
    assert stage.service()["metadata"]["annotations"]["viewfinder.dev/version"] == "2"


def test_what_is_not_managed_is_neither_taken_back_nor_away(stage: Stage, run: Run) -> None:
    stage.publish(1)
    name = "other"
    predictor = {"model": {"modelFormat": {"name": "viewfinder"}, "storageUri": "s3://x/y"}}
    stage.apply(
        {"kind": "InferenceService", "metadata": {"name": name}, "spec": {"predictor": predictor}}
    )
    for command in (("undeploy", MODEL, "--yes"), ("rollback", MODEL)):
        refused = run(*command, "--service-name", name, code=1)
        assert "to be the one Viewfinder manages" in refused.stderr
    assert stage.admin.get(stage.admin.path(SERVING, "inferenceservices", name)) is not None
