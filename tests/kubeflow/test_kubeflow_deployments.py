"""A version that was published before is deployed by a pipeline of its own."""

from pathlib import Path
from typing import Any

import pytest
from tests.kubeflow.conftest import IS_REAL, Stage, Success
from tests.kubeflow.install import Install, step
from tests.kubeflow.test_kubeflow_submission import connect_to


@pytest.mark.slow
def test_the_command_line_has_kubeflow_deploy_a_version(stage: Stage, succeeded: Success) -> None:
    name = succeeded.record["parameters"]["model_name"]
    service = f"{name}-again"
    with stage.play("deployment") as install:
        code, output = install.call(
            *("deploy", f"{name}/1", "--on", "kubeflow", "--service-name", service),
            *("--set", "predictor_cpu=100m"),
        )
        assert code == 0, output
        record = install.record(output.split()[1])
        undeploy(install, name, service)
    check(record, service)
    assert record["version"] == succeeded.record["version"]


@pytest.mark.slow
def test_the_compiled_pipeline_is_uploaded_and_run(stage: Stage, succeeded: Success) -> None:
    """As somebody does in the UI, with the file that `viewfinder compile` wrote."""
    name = succeeded.record["parameters"]["model_name"]
    service = f"{name}-upload"
    with stage.play("deployment-upload") as install:
        path = install.home / "deployment.yaml"
        code, output = install.call("compile", "--pipeline", "deployment", "-o", str(path))
        assert code == 0, output
        parameters = {
            **{"model_root": "s3://models", "model_name": name, "service_name": service},
            **{"predictor_cpu": "100m"},
        }
        run_id = upload_and_run(install, path, service, parameters)
        code, output = install.call("follow", run_id)
        assert code == 0, output
        record = install.record(run_id)
        undeploy(install, name, service)
    check(record, service)
    newest = record["version"]["number"]  # another test may have published one more
    assert record["version"]["uri"] == f"s3://models/{name}/{newest}"


def upload_and_run(install: Install, path: Path, name: str, parameters: dict[str, Any]) -> str:
    """Do what the UI's forms do; return the run's id."""
    client = connect_to(install).client
    pipeline = client.upload_pipeline(str(path), pipeline_name=name)
    (version,) = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    experiment = client.create_experiment("viewfinder")
    run = client.run_pipeline(
        experiment.experiment_id,
        job_name=name,
        params=parameters,
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
    )
    return str(run.run_id)


def undeploy(install: Install, model: str, service: str) -> None:
    """Leave room for the next test; this asks the cluster, of which there is no recording."""
    if IS_REAL:
        code, output = install.call(
            *("undeploy", model, "--service-name", service, "--namespace", "kubeflow", "--yes")
        )
        assert code == 0, output


def check(record: dict[str, Any], service: str) -> None:
    assert record["state"] == "succeeded"
    assert record["gaps"] == []
    assert [s["name"] for s in record["steps"]] == ["select", "deploy"]
    assert all(s["state"] == "succeeded" and s["summary"] for s in record["steps"])
    assert record["parameters"]["service_name"] == service
    assert service in record["endpoint"]
    assert "answered" in step(record, "deploy")["summary"]  # the photos kept with the version
