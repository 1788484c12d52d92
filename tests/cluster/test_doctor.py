"""`viewfinder doctor` on the real cluster: a healthy install, and each way in which one is not."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from tests.cluster.deployments import PREDICTOR_IMAGE, Stage, prepare_stage, read_manifest
from tests.testbed.stores import S3

from viewfinder_components.deployment.kserve import kserve_version
from viewfinder_components.deployment.kubernetes.cluster import Cluster

STEPS_IMAGE = "localhost/viewfinder/steps:test"
ENTRY = Path(sys.executable).with_name("viewfinder")


ROOM = "room for a rollout"


@dataclass(frozen=True)
class Report:
    """What doctor said."""

    code: int
    findings: list[dict[str, str]]

    def of(self, name: str) -> dict[str, str]:
        """The finding of a name."""
        (found,) = [finding for finding in self.findings if finding["name"] == name]
        return found

    def names(self, *states: str) -> set[str]:
        """The findings in one of the states, but for what depends on what else the node runs."""
        found = {finding["name"] for finding in self.findings if finding["state"] in states}
        return found - {ROOM}


class Doctor:
    """The command, in a folder with a settings file of its own."""

    def __init__(self, kubeconfig: Path, namespace: str, folder: Path) -> None:
        self.kubeconfig, self.namespace, self.folder = kubeconfig, namespace, folder
        self.steps_image = STEPS_IMAGE

    def write_settings(self, **env: str) -> None:
        """Give the steps' pods the store's address and the Secret's keys."""
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        variables = ", ".join(f'{name} = "{value}"' for name, value in env.items())
        secret = ", ".join(f'{key} = "{key}"' for key in keys)
        text = f"[steps]\npull_policy = 'IfNotPresent'\nenv = {{ {variables} }}\n"
        text += f"[[steps.secrets]]\nname = 'viewfinder-storage'\nenv = {{ {secret} }}\n"
        (self.folder / "viewfinder.toml").write_text(text)

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        env = {name: value for name, value in os.environ.items() if name != "KFP_HOST"}
        env |= {
            "KUBECONFIG": str(self.kubeconfig),
            "VIEWFINDER_PREDICTOR_IMAGE": PREDICTOR_IMAGE,
            "VIEWFINDER_STEPS_IMAGE": self.steps_image,
            "COLUMNS": "120",
        }
        where = ["--namespace", self.namespace] if self.namespace else []
        command = [ENTRY, "doctor", *where, *options]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=280, env=env,
            cwd=self.folder,
        )  # fmt: skip

    def report(self, *options: str) -> Report:
        done = self.run("--json", *options)
        assert done.stdout.startswith("{"), done.stderr
        answer = json.loads(done.stdout)
        assert answer["ok"] is (done.returncode == 0)
        assert all(f["remedy"] for f in answer["findings"] if f["state"] == "failed")
        return Report(done.returncode, answer["findings"])


@pytest.fixture
def stage(kubeconfig: Path, namespace: str, s3: S3, tmp_path: Path) -> Iterator[Stage]:
    folder = tmp_path / "stage"
    folder.mkdir()
    with prepare_stage(kubeconfig, namespace, s3, folder, "Standard") as stage:
        yield stage


@pytest.fixture
def doctor(kubeconfig: Path, stage: Stage, tmp_path: Path) -> Doctor:
    doctor = Doctor(kubeconfig, stage.admin.namespace, tmp_path)
    doctor.write_settings(AWS_ENDPOINT_URL=stage.s3.endpoint, AWS_REGION=stage.s3.region)
    return doctor


def kubeconfig_of(api: client.ApiClient, namespace: str, account: str, target: Path) -> Path:
    """A kubeconfig of a service account."""
    body = {"spec": {"expirationSeconds": 3600}}
    answer = client.CoreV1Api(api).create_namespaced_service_account_token(account, namespace, body)
    configuration = api.configuration
    cluster = {"server": configuration.host, "certificate-authority": configuration.ssl_ca_cert}
    target.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "it", "cluster": cluster}],
                "users": [{"name": "it", "user": {"token": answer.status.token}}],
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
                "current-context": "it",
            }
        )
    )
    return target


def pods_left(stage: Stage) -> list[dict[str, Any]]:
    return [
        pod
        for pod in stage.admin.list(stage.admin.path("/api/v1", "pods"))
        if not pod["metadata"].get("deletionTimestamp")
    ]


def test_a_healthy_install_passes_and_nothing_stays_behind(
    doctor: Doctor, stage: Stage, require_image: Callable[[str], None]
) -> None:
    require_image(STEPS_IMAGE)
    report = doctor.report("--model-root", f"s3://{stage.bucket}/models")
    assert report.names("failed", "warning", "unknown") == set(), report.findings
    assert report.code == 0
    assert report.names("ok") == {
        "API server", "namespace", "KServe's kinds", "KServe", "ingress", "KServe's controller",
        "KServe's webhook", "steps' permissions", "your permissions", "steps' account",
        "predictor's account", "storage credentials", "serving runtime", "quota",
        "predictor's image", "steps' image", "publish to storage", "serve from storage",
    }  # fmt: skip
    assert report.of(ROOM)["state"] in ("ok", "warning")
    assert pods_left(stage) == []
    listed = stage.s3.client().list_objects_v2(Bucket=stage.bucket)
    assert listed["KeyCount"] == 0


def test_deploying_needs_no_kubeflow_pipelines(
    doctor: Doctor, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the steps' account with its permissions, nor the steps' image."""
    for name, value in stage.s3.environment.items():
        monkeypatch.setenv(name, value)
    for kind, prefix, name in (
        ("serviceaccounts", "/api/v1", "pipeline-runner"),
        ("rolebindings", "/apis/rbac.authorization.k8s.io/v1", "viewfinder-deployer"),
    ):
        path = stage.admin.path(prefix, kind, name)
        stage.admin.http.delete(path).raise_for_status()
    options = ("--no-pods", "--model-root", f"s3://{stage.bucket}/models")
    assert doctor.report(*options).names("failed") >= {"steps' permissions", "steps' account"}
    report = doctor.report("--for", "deploy", *options)
    assert report.names("failed", "warning", "unknown") == set(), report.findings
    assert not [name for name in report.names("ok") if "steps" in name]
    assert report.of("model root")["state"] == "ok"
    refused = doctor.report("--for", "deploy", "--no-pods", "--model-root", "s3://no-such-bucket/m")
    assert refused.names("failed") == {"model root"}


def test_who_may_not_deploy_is_told(
    doctor: Doctor, stage: Stage, api: client.ApiClient, tmp_path: Path
) -> None:
    stage.apply({"kind": "ServiceAccount", "metadata": {"name": "nobody"}})
    namespace = stage.admin.namespace
    doctor.kubeconfig = kubeconfig_of(api, namespace, "nobody", tmp_path / "nobody")
    report = doctor.report("--for", "deploy", "--no-pods")
    assert report.names("failed") == {"your permissions"}
    assert "get inferenceservices.serving.kserve.io" in report.of("your permissions")["text"]


def test_a_person_reads_a_table(doctor: Doctor) -> None:
    done = doctor.run("--no-pods", "--model-root", "s3://anything/models")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("✓  API server") for line in lines)
    assert lines[-1] == "A run on Kubeflow may start."


def test_an_account_without_rights_is_told_what_it_may_not_see(
    doctor: Doctor, stage: Stage, api: client.ApiClient, tmp_path: Path
) -> None:
    stage.apply({"kind": "ServiceAccount", "metadata": {"name": "nobody"}})
    namespace = stage.admin.namespace
    doctor.kubeconfig = kubeconfig_of(api, namespace, "nobody", tmp_path / "nobody")
    report = doctor.report("--service-account", "nobody")
    assert report.names("failed") == {"steps' permissions"}
    assert report.code == 1
    failed = report.of("steps' permissions")
    assert "get inferenceservices.serving.kserve.io" in failed["text"]
    assert "manifests/overlays/standalone" in failed["remedy"]
    assert "API server" in report.names("ok")
    assert {"KServe's webhook", "serving runtime", "predictor's image"} <= report.names("unknown")


def test_the_pipelines_own_account_may_look_but_start_no_pod(doctor: Doctor, stage: Stage) -> None:
    doctor.kubeconfig = stage.kubeconfig
    report = doctor.report()
    assert report.code == 0, report.findings
    assert {"steps' permissions", "serving runtime", "KServe's webhook"} <= report.names("ok")
    assert "not permitted to create pods" in report.of("predictor's image")["text"]


def test_a_missing_rule_is_named(doctor: Doctor, stage: Stage) -> None:
    role = read_manifest("role")
    role["rules"][0]["verbs"].remove("patch")
    stage.apply(role)
    report = doctor.report("--no-pods")
    assert report.names("failed") == {"steps' permissions"}
    failed = report.of("steps' permissions")
    assert "to patch inferenceservices.serving.kserve.io in" in failed["text"]
    assert "manifests/base/role.yaml" in failed["remedy"]


@pytest.mark.usefixtures("with_knative")
def test_what_only_knative_needs_is_asked_for_with_knative(doctor: Doctor, stage: Stage) -> None:
    role = read_manifest("role")
    role["rules"] = [r for r in role["rules"] if r["apiGroups"] != ["serving.knative.dev"]]
    stage.apply(role)
    doctor.kubeconfig = stage.kubeconfig
    report = doctor.report("--no-pods")
    assert report.names("failed") == set()
    found = report.of("steps' permissions")
    assert found["state"] == "ok"
    assert "mode Knative would also need get services.serving.knative.dev" in found["text"]

    with (doctor.folder / "viewfinder.toml").open("a") as settings:
        settings.write("[parameters]\nkserve_mode = 'Knative'\n")
    report = doctor.report("--no-pods")
    assert report.names("failed") == {"steps' permissions"}
    assert "get services.serving.knative.dev" in report.of("steps' permissions")["text"]


def test_parameters_that_a_run_would_refuse(doctor: Doctor) -> None:
    with (doctor.folder / "viewfinder.toml").open("a") as settings:
        settings.write("[parameters]\npredictor_cpu = 'many'\n")
    report = doctor.report("--no-pods")
    assert "received 'many'" in report.of(ROOM)["text"]


@pytest.mark.usefixtures("with_knative")
def test_kserves_settings_where_only_the_second_place_may_be_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubeflow puts KServe into its own namespace, which is looked at after KServe's usual one."""
    own = stage.admin.namespace
    stage.apply(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config"},
            "data": {"deploy": '{"defaultDeploymentMode": "Knative"}'},
        }
    )
    monkeypatch.setattr(kserve_version, "NAMESPACES", ("kserve", own))
    monkeypatch.setenv("KUBECONFIG", str(stage.kubeconfig))
    with Cluster.connect() as cluster:
        found = kserve_version.detect_kserve(cluster, None)
    assert found.mode is kserve_version.Mode.KNATIVE
    assert found.unread == ("get deployments.apps in namespace kserve",)


def test_a_missing_runtime_names_the_manifests(doctor: Doctor, stage: Stage) -> None:
    path = "/apis/serving.kserve.io/v1alpha1"
    runtime = stage.admin.path(path, "servingruntimes", "viewfinder-predictor")
    stage.admin.http.delete(runtime).raise_for_status()
    report = doctor.report("--no-pods")
    assert report.code == 1
    assert report.names("failed") == {"serving runtime"}
    assert "manifests/base" in report.of("serving runtime")["remedy"]


def test_another_image_than_the_checked_one_is_a_warning(doctor: Doctor, stage: Stage) -> None:
    stage.patch_runtime("viewfinder-predictor", image="localhost/viewfinder/predictor:other")
    report = doctor.report("--no-pods")
    assert report.names("warning") == {"serving runtime"}
    assert report.code == 0

    with (doctor.folder / "viewfinder.toml").open("a") as settings:
        settings.write("[steps.check]\nimage = 'localhost/viewfinder/predictor:other'\n")
    assert doctor.report("--no-pods").of("serving runtime")["state"] == "ok"


@pytest.mark.parametrize(
    ("image", "remedy"),
    [
        ("localhost:1/viewfinder/steps:1", "check that the nodes can reach the registry"),
        ("Not An Image", "correct its name"),
    ],
)
def test_an_image_that_does_not_come(doctor: Doctor, stage: Stage, image: str, remedy: str) -> None:
    doctor.steps_image = image
    report = doctor.report("--model-root", "s3://anything/models")
    assert report.code == 1
    assert report.names("failed") == {"steps' image"}
    assert image in report.of("steps' image")["text"]
    assert report.of("steps' image")["remedy"].startswith(remedy)
    assert report.of("model root")["state"] == "unknown"
    assert pods_left(stage) == []


def test_the_predictors_image_is_not_the_steps(doctor: Doctor) -> None:
    doctor.steps_image = PREDICTOR_IMAGE
    report = doctor.report("--model-root", "s3://anything/models")
    assert report.names("failed") == {"steps' image"}
    assert "no TensorFlow" in report.of("steps' image")["text"]


def test_a_store_that_does_not_answer(
    doctor: Doctor, stage: Stage, require_image: Callable[[str], None]
) -> None:
    require_image(STEPS_IMAGE)
    doctor.write_settings(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_REGION="us-east-1")
    report = doctor.report("--model-root", f"s3://{stage.bucket}/models")
    assert report.names("failed") == {"publish to storage"}
    assert report.code == 1


def test_a_bucket_that_is_not_there(doctor: Doctor, require_image: Callable[[str], None]) -> None:
    require_image(STEPS_IMAGE)
    report = doctor.report("--model-root", "s3://there-is-no-such-bucket/models")
    assert "publish to storage" in report.names("failed")
    assert "there-is-no-such-bucket" in report.of("publish to storage")["text"]


def test_keys_of_the_template_are_not_keys(doctor: Doctor, stage: Stage) -> None:
    secret = {"AWS_ACCESS_KEY_ID": "change-me", "AWS_SECRET_ACCESS_KEY": "change-me"}
    stage.apply(
        {"kind": "Secret", "metadata": {"name": "viewfinder-storage"}, "stringData": secret}
    )
    report = doctor.report("--no-pods", "--model-root", "s3://anything/models")
    assert report.names("failed") == {"storage credentials"}
    assert "manifests/storage/s3" in report.of("storage credentials")["remedy"]


def test_a_namespace_that_is_not_there(doctor: Doctor) -> None:
    doctor.namespace = "there-is-none"
    report = doctor.report()
    assert report.of("namespace")["state"] == "failed"
    assert "kubectl create namespace there-is-none" in report.of("namespace")["remedy"]
    assert "predictor's image" in report.names("unknown")
    assert report.names("failed") == {"namespace"}  # nothing else is blamed for it


def test_without_a_namespace_it_is_that_of_kubeflow_pipelines(doctor: Doctor) -> None:
    doctor.namespace = ""
    found = doctor.report("--no-pods").of("namespace")
    if found["state"] == "ok":  # on a cluster with Kubeflow Pipelines
        assert found["text"].startswith("kubeflow, ")
    else:
        assert "kubectl create namespace kubeflow" in found["remedy"]


def test_a_namespace_that_kserve_passes_by(
    doctor: Doctor, stage: Stage, api: client.ApiClient
) -> None:
    labels = {"metadata": {"labels": {"control-plane": "us"}}}
    client.CoreV1Api(api).patch_namespace(stage.admin.namespace, labels)
    report = doctor.report("--no-pods")
    assert "control-plane-" in report.of("namespace")["remedy"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "no kubeconfig",
        "[1, 2]",
        '{"clusters": [{"name": "it", "cluster": {"server": "https://127.0.0.1:1"}}], "users": '
        '[{"name": "it", "user": {"token": "x"}}], "contexts": [{"name": "it", "context": '
        '{"cluster": "it", "user": "it"}}], "current-context": "it"}',
    ],
    ids=["none", "empty", "words", "list", "no server"],
)
def test_a_wrong_kubeconfig_is_one_sentence(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    report = Doctor(path, "default", tmp_path).report()
    assert report.code == 1
    (only,) = report.findings
    assert only["name"] == "API server"
    assert only["state"] == "failed"
    assert "kubeconfig" in only["text"] + only["remedy"]


def test_credentials_that_the_cluster_does_not_know(
    doctor: Doctor, stage: Stage, api: client.ApiClient, tmp_path: Path
) -> None:
    path = kubeconfig_of(api, stage.admin.namespace, "default", tmp_path / "wrong")
    settings = yaml.safe_load(path.read_text())
    settings["users"][0]["user"]["token"] = "wrong"  # noqa: S105
    path.write_text(yaml.safe_dump(settings))
    doctor.kubeconfig = path
    report = doctor.report()
    (only,) = report.findings
    assert "HTTP 401" in only["text"]
    assert "renew the kubeconfig's credentials" in only["remedy"]


def test_a_context_can_be_named(doctor: Doctor, kubeconfig: Path) -> None:
    name = yaml.safe_load(kubeconfig.read_text())["current-context"]
    assert doctor.report("--no-pods", "--context", name).code == 0
    report = doctor.report("--no-pods", "--context", "there-is-none")
    assert report.of("API server")["state"] == "failed"


def test_pipelines_let_us_in(doctor: Doctor) -> None:
    host = os.environ.get("KFP_TEST_API")
    if not host:
        pytest.skip("needs KFP_TEST_API, the address of a Kubeflow Pipelines API")
    report = doctor.report("--no-pods", "--host", host)
    assert report.of("Kubeflow Pipelines")["state"] in ("ok", "warning"), "a build may be unnamed"
    assert report.of("pipelines token")["state"] == "ok"


def test_pipelines_that_do_not_answer(doctor: Doctor) -> None:
    report = doctor.report("--no-pods", "--host", "http://127.0.0.1:9")
    assert report.names("failed") == {"Kubeflow Pipelines"}
    assert "http://127.0.0.1:9" in report.of("Kubeflow Pipelines")["text"]
