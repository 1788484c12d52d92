"""What is understood and refused before anything is deployed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.version_name import VersionName
from viewfinder_pipelines.deployments.deploying import plan_kubeflow_deployment
from viewfinder_pipelines.deployments.request import (
    find_namespace,
    gather_parameters,
)
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.parameters import to_deploy_config
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT, TRAINING
from viewfinder_pipelines.settings.file import ClusterSettings, KubeflowSettings

FILED = ClusterSettings(
    parameters={"data": "s3://photos", "model_root": "s3://models", "min_replicas": 2, "seed": 1}
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("fruit", VersionName("fruit")),
        ("fruit/3", VersionName("fruit", 3)),
        ("s3://b/models/fruit", VersionName("fruit", 0, "s3://b/models")),
        ("gs://b/models/fruit/12/", VersionName("fruit", 12, "gs://b/models")),
        ("pvc://claim/fruit/1", VersionName("fruit", 1, "pvc://claim")),
    ],
)
def test_a_version_is_named_as_elsewhere(text: str, version: VersionName) -> None:
    assert VersionName.parse(text) == version


@pytest.mark.parametrize(
    "text", ["s3://", "s3:///", "", "/", "a/b", "fruit/x", "s3://bucket", "s3://bucket/3", "3/4/5"]
)
def test_what_names_no_version_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="expected MODEL"):
        VersionName.parse(text)


def test_the_settings_file_serves_both_pipelines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_STEPS_IMAGE", "registry.example.com/steps:1")
    options = {"max_replicas": 3, "predictor_cpu": "300m"}
    given = gather_parameters(VersionName("fruit", 3), options, FILED)
    assert given == {
        "model_root": "s3://models",
        "min_replicas": 2,
        "max_replicas": 3,
        "predictor_cpu": "300m",
        "model_name": "fruit",
        "version": 3,
    }
    plan = plan_kubeflow_deployment(given, FILED)
    assert plan.pipeline is DEPLOYMENT
    assert plan.arguments == given
    assert plan.name.startswith("deploy fruit/3 20")


def test_pods_without_an_image_or_the_claim_are_refused_before_anything_is_uploaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = gather_parameters(VersionName("fruit", 3), {"min_replicas": 1}, FILED)
    monkeypatch.delenv("VIEWFINDER_STEPS_IMAGE", raising=False)
    with pytest.raises(PermanentError, match="the name of the steps image in your registry"):
        plan_kubeflow_deployment(given, FILED)
    given["model_root"] = "pvc://models/all"
    with pytest.raises(PermanentError, match="the claim models among the volumes of step select"):
        plan_kubeflow_deployment(given, FILED)


def test_a_uri_wins_over_the_settings_file() -> None:
    given = gather_parameters(VersionName.parse("gs://b/m/fruit"), {"max_replicas": 2}, FILED)
    assert given["model_root"] == "gs://b/m"


@pytest.mark.parametrize(
    ("options", "filed", "sentence"),
    [
        ({"epochs": 3}, {}, "only the training pipeline has it"),
        (
            {},
            {"min_replica": 1},
            "received 'min_replica' under [parameters] in the settings file; "
            "did you mean min_replicas?",
        ),
        ({}, {"min_replicas": True}, "received 'True' under [parameters]"),
        ({"version": 3}, {}, "the version's number in MODEL/NUMBER"),
        ({"max_replicas": 0}, {}, "max_replicas to be a whole number of at least 1"),
        (
            {"kserve_mode": "Serverless"},
            {},
            "expected kserve_mode to be Standard, Knative or empty",
        ),
        ({"namespace": "My Space"}, {}, "namespace to be at most 63 "),
        ({"model_root": "/srv/models"}, {}, "a folder on this machine"),
    ],
)
def test_mistakes(options: dict[str, Any], filed: dict[str, Any], sentence: str) -> None:
    settings = ClusterSettings(parameters={"model_root": "s3://models", **filed})
    with pytest.raises(PermanentError) as caught:
        gather_parameters(VersionName("fruit"), options, settings)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("pipeline", [TRAINING, DEPLOYMENT], ids=lambda pipeline: pipeline.label)
def test_kserves_mode_is_that_of_the_cluster_unless_told(pipeline: PipelineDefinition) -> None:
    root = {"data": "s3://photos", "model_root": "s3://models"}

    def mode(**given: Any) -> str:
        parameters = pipeline.with_defaults({**root, **given})
        return to_deploy_config(parameters, "s3://models/fruit/1", 1).kserve_mode

    assert mode() == ""
    assert mode(kserve_mode="Knative") == "Knative"


def test_the_mode_on_the_command_line() -> None:
    asked = CliRunner().invoke(main, ["deploy", "fruit", "--kserve-mode", "Serverless"])
    assert asked.exit_code == 2
    assert "'Standard', 'Knative'" in asked.output


@pytest.mark.parametrize(
    ("named", "parameter", "profile", "found"),
    [("a", "b", "c", "a"), (None, "b", "c", "b"), (None, "", "c", "c"), (None, "", "", "")],
)
def test_the_namespace_is_that_of_a_run(
    named: str | None, parameter: str, profile: str, found: str
) -> None:
    settings = ClusterSettings(
        kubeflow=KubeflowSettings(namespace=profile), parameters={"namespace": parameter}
    )
    assert find_namespace(named, settings) == found


def test_a_version_of_this_machine_is_refused_in_json_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["deploy", "fruit", "--json"])
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert told["state"] == "failed"
    assert told["error"]["retryable"] is False
    assert "a folder on this machine" in told["error"]["received"]
    assert result.stderr.startswith("Error: expected model_root to be one that pods can read")


def test_a_cluster_that_does_not_answer_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = {"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}  # the discard port
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    (tmp_path / "config").write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [cluster],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [context],
                "current-context": "c",
            }
        )
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    for command in (["rollback", "fruit"], ["undeploy", "fruit", "--yes"]):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 75, result.output
        assert "Error: expected an API server that answers" in result.stderr


def test_nothing_is_removed_without_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["undeploy", "fruit"])
    assert result.exit_code == 2
    assert "Not a terminal, so nobody can confirm: add --yes." in result.stderr
