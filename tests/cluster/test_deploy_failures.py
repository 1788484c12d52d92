"""Everything that can keep a version from serving, provoked on a real cluster.

Each has a sentence of its own, says what to do, and comes long before the time-out.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cluster.bare_api_server import bare_api_server
from tests.cluster.deployments import (
    MODES,
    Stage,
    Version,
    storage_secret,
)
from tests.fixtures.servables import write_evaluation, write_servable
from tests.fixtures.waiting import wait_for
from tests.testbed.node import Node
from tests.testbed.supervised import read_list
from tests.testbed.supervisor import PROGRAMS

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import deploy_version
from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_pipelines.deployments.going_back import GoingBack, go_back
from viewfinder_pipelines.deployments.removing import Removal, undeploy

pytestmark = pytest.mark.timeout(900)  # a busy machine takes three times as long


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# What does not differ between the modes is seen in one.
only_standard = pytest.mark.parametrize("mode", ["Standard"])

_TIMEOUT_SECONDS, _EARLY_SECONDS = 600, 300.0
"""A deployment that would end by its time-out, and an early end, on a busy machine as well."""


def fail(stage: Stage, version: Version | None = None, **values: Any) -> ViewfinderError:
    """Deploy what cannot come to serve, and return the error, which comes before the time-out."""
    version = version or stage.publish(1)
    values.setdefault("deploy_timeout_seconds", _TIMEOUT_SECONDS)
    started = time.monotonic()
    with pytest.raises(ViewfinderError) as caught:
        stage.deploy(version, **values)
    took = time.monotonic() - started
    print(f"\n    {type(caught.value).__name__} after {took:.1f} s: {caught.value}")
    assert took < _EARLY_SECONDS
    return caught.value


@only_standard
def test_permission_denied_names_the_rule_and_the_manifest(stage: Stage) -> None:
    path = stage.admin.path("/apis/rbac.authorization.k8s.io/v1", "roles", "viewfinder-deployer")
    role = stage.admin.get(path) or {}
    for rule in role["rules"]:
        if "inferenceservices" in rule["resources"]:
            rule["verbs"] = ["get", "list", "watch"]
    stage.admin.http.put(path, json=role).raise_for_status()
    error = fail(stage)
    assert isinstance(error, PermanentError)
    assert "permission to patch inferenceservices.serving.kserve.io" in error.expected
    assert f"in namespace {stage.admin.namespace}" in error.expected
    assert "system:serviceaccount" in error.received
    assert "manifests/base/role.yaml" in error.remedy
    assert "resources: ['inferenceservices'], verbs: ['patch']" in error.remedy


@only_standard
def test_no_rights_at_all(stage: Stage) -> None:
    stage.admin.http.delete(
        stage.admin.path(
            "/apis/rbac.authorization.k8s.io/v1", "rolebindings", "viewfinder-deployer"
        )
    ).raise_for_status()
    error = fail(stage)
    assert isinstance(error, PermanentError)
    assert "permission to get inferenceservices.serving.kserve.io" in error.expected


def test_an_image_that_is_not_on_the_node(stage: Stage) -> None:
    runtime = stage.patch_runtime("broken", image="localhost/none:1", imagePullPolicy="Never")
    error = fail(stage, predictor_runtime=runtime)
    assert isinstance(error, PermanentError)
    assert error.expected == "the image localhost/none:1 on the node"


def test_a_registry_that_does_not_answer(stage: Stage) -> None:
    runtime = stage.patch_runtime("broken", image="localhost/none:1", imagePullPolicy="Always")
    error = fail(stage, predictor_runtime=runtime, patience_seconds=5)
    assert isinstance(error, TransientError)
    assert "the image localhost/none:1" in error.expected
    assert "imagePullSecret" in error.remedy


def test_storage_that_refuses(stage: Stage) -> None:
    stage.apply(storage_secret(stage.s3.endpoint, stage.s3.access_key, "wrong", stage.s3.region))
    error = fail(stage)
    assert isinstance(error, PermanentError)
    assert "storage initializer" in error.expected
    assert "a refusal" in error.received
    assert re.search("403|SignatureDoesNotMatch", error.received)  # as KServe words it
    assert "viewfinder-storage" in error.remedy


@only_standard
def test_a_version_that_is_not_there(stage: Stage) -> None:
    version = stage.publish(1)
    error = fail(stage, replace(version, uri=f"s3://{stage.bucket}/models/none/1"))
    assert isinstance(error, PermanentError)
    assert "nothing there" in error.received


@only_standard
def test_a_bucket_that_is_not_there(stage: Stage) -> None:
    version = stage.publish(1)
    error = fail(stage, replace(version, uri="s3://no-such-bucket-here/models/fruit/1"))
    assert isinstance(error, PermanentError)
    assert "nothing there" in error.received
    assert re.search("404|NoSuchBucket", error.received)


def test_storage_that_does_not_answer(stage: Stage) -> None:
    keys = (stage.s3.access_key, stage.s3.secret_key, stage.s3.region)
    stage.apply(storage_secret("http://127.0.0.1:1", *keys))
    error = fail(stage, patience_seconds=5)
    assert isinstance(error, TransientError)
    assert "a storage that did not answer" in error.received


def test_a_wrong_layout_in_the_storage(stage: Stage) -> None:
    error = fail(stage, stage.publish(1, {"saved_model.h5": b"an old format"}))
    assert isinstance(error, PermanentError)
    assert error.expected.startswith("the predictor to serve s3://")
    assert "no model.xml" in error.received


@only_standard
def test_a_damaged_file_in_the_storage(stage: Stage) -> None:
    version = stage.publish(1)
    key = "models/fruit/1/model.xml"
    stage.s3.client().put_object(Bucket=stage.bucket, Key=key, Body=b"<net")
    error = fail(stage, version)
    assert isinstance(error, PermanentError)
    assert error.expected.startswith("the predictor to serve s3://")


def test_a_crash_loop_tells_the_last_log_lines(stage: Stage) -> None:
    command = ["python3", "-c", "print('about to fall'); raise SystemExit(7)"]
    error = fail(stage, predictor_runtime=stage.patch_runtime("broken", command=command))
    assert isinstance(error, PermanentError)
    assert "keep running" in error.expected
    assert "code 7" in error.received
    assert "about to fall" in error.received


def test_too_little_memory(stage: Stage) -> None:
    error = fail(stage, predictor_memory="48Mi")
    assert isinstance(error, PermanentError)
    assert "48Mi of memory" in error.expected
    assert "OOMKilled" in error.received
    assert "predictor_memory=" in error.remedy


def test_a_quota_without_room(stage: Stage) -> None:
    stage.apply(
        {
            "kind": "ResourceQuota",
            "metadata": {"name": "small"},
            "spec": {"hard": {"requests.memory": "100Mi"}},
        }
    )
    error = fail(stage)
    assert isinstance(error, PermanentError)
    assert "ResourceQuota small" in error.expected
    assert "requests.memory" in error.received
    if stage.mode == "Knative":  # adds a container, which sets none
        assert "queue-proxy" in error.received
        assert "LimitRange" in error.remedy
    else:
        assert "predictor_memory" in error.remedy


def test_pod_security_refuses_the_pod(stage: Stage) -> None:
    error = fail(stage, predictor_runtime=stage.patch_runtime("broken", securityContext={}))
    assert isinstance(error, PermanentError)
    assert "pod security" in error.expected
    assert "runAsNonRoot" in error.received


@only_standard
def test_admission_refuses_the_service(stage: Stage) -> None:
    with denying_services(stage):
        error = fail(stage)
    assert isinstance(error, PermanentError)
    assert error.expected == "an object that the cluster admits"
    assert "only on Mondays" in error.received


@contextmanager
def denying_services(stage: Stage) -> Iterator[None]:
    """A policy of the cluster's owner against InferenceServices in this namespace."""
    prefix = "/apis/admissionregistration.k8s.io/v1"
    name = stage.admin.namespace
    policies = f"{prefix}/validatingadmissionpolicies/{name}"
    bindings = f"{prefix}/validatingadmissionpolicybindings/{name}"
    rule = {
        "apiGroups": ["serving.kserve.io"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["inferenceservices"],
    }
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "message": "services start only on Mondays"}],
    }
    labels = {"kubernetes.io/metadata.name": name}
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": labels}},
    }
    apply = stage.admin.apply
    apply(policies, head | {"kind": "ValidatingAdmissionPolicy", "spec": policy})
    try:
        apply(bindings, head | {"kind": "ValidatingAdmissionPolicyBinding", "spec": binding})
        wait_for(lambda: is_denied(stage), "the policy to work")
        yield
    finally:
        stage.admin.http.delete(bindings).raise_for_status()
        stage.admin.http.delete(policies).raise_for_status()


def is_denied(stage: Stage) -> bool:
    body = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "asked"},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "viewfinder"}}}},
    }
    try:
        stage.admin.apply(
            stage.admin.path(SERVING, "inferenceservices", "asked"), body, dry_run=True
        )
    except PermanentError:
        return True
    return False


def test_no_room_beside_the_pod_that_serves(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Progress blames the new pod, not the old one that is still there."""
    stage.deploy(stage.publish(1))
    caplog.set_level("INFO")
    caplog.clear()
    error = fail(stage, stage.publish(2), predictor_cpu="500", patience_seconds=3)
    assert "is Pending: 0/" in error.received
    assert "Insufficient cpu" in error.received
    assert "version 1 serves as before" in error.received
    assert "predictor_cpu=" in error.remedy
    assert "Insufficient cpu; deploy with a smaller request than cpu 500" in caplog.text
    assert "old pod" not in caplog.text


def test_no_room_on_any_node(stage: Stage) -> None:
    error = fail(stage, predictor_cpu="500", patience_seconds=3)
    assert isinstance(error, TransientError)
    assert "room for the predictor's pod" in error.expected
    assert "Insufficient cpu" in error.received


def test_a_claim_that_is_not_there(stage: Stage) -> None:
    version = stage.publish(1)
    error = fail(stage, replace(version, uri="pvc://nobodys/models/fruit/1"))
    assert isinstance(error, PermanentError)
    assert "nobodys" in error.expected


def test_a_service_account_that_is_not_there(stage: Stage) -> None:
    error = fail(stage, predictor_service_account="nobody")
    assert isinstance(error, PermanentError)
    assert "ServiceAccount" in error.expected


def test_a_pod_that_never_gets_ready_is_a_time_out(stage: Stage) -> None:
    command = ["sh", "-c", "sleep 3600"]
    runtime = stage.patch_runtime("broken", command=command, livenessProbe=None)
    error = fail(stage, predictor_runtime=runtime, deploy_timeout_seconds=20)
    assert isinstance(error, TransientError)
    assert "in time" in error.expected
    assert "still waiting for" in error.received
    assert "is not ready" in error.received
    assert "deploy_timeout_seconds" in error.remedy


@only_standard
def test_a_namespace_that_is_not_there(stage: Stage) -> None:
    error = fail(stage, namespace="nowhere-at-all")
    assert isinstance(error, PermanentError)
    assert "if nowhere-at-all is not the namespace you mean" in error.remedy


@only_standard
def test_a_namespace_that_is_not_there_and_may_be_read(
    stage: Stage, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An administrator learns of the namespace, not of what is missing in it."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    error = fail(stage, namespace="nowhere-at-all")
    assert isinstance(error, PermanentError)
    assert "a namespace nowhere-at-all on the cluster" in error.expected
    service = {"model": "fruit", "namespace": "nowhere-at-all"}
    for work in (lambda: go_back(GoingBack(**service)), lambda: undeploy(Removal(**service))):
        with pytest.raises(PermanentError, match="a namespace nowhere-at-all on the cluster"):
            work()


def test_a_cluster_without_kserve(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API server of its own: the cluster's other tests need KServe's CRDs."""
    programs = {program.name: program.command for program in read_list(node.run.path / PROGRAMS)}
    etcd, api_server = Path(programs["etcd"][0]), Path(programs["kube-apiserver"][0])
    write_servable(tmp_path / "servable", 1.0)
    write_evaluation(tmp_path / "evaluation", tmp_path / "servable")
    config = DeployConfig("s3://bucket/models/fruit/1", 1, "fruit", deploy_timeout_seconds=20)
    with bare_api_server(etcd, api_server, tmp_path) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        with pytest.raises(PermanentError) as caught:
            deploy_version(tmp_path / "evaluation", tmp_path / "record", config)
    print(f"\n    {caught.value}")
    assert "inferenceservices.serving.kserve.io" in caught.value.expected
    assert "install KServe" in caught.value.remedy


@only_standard
def test_a_cluster_that_does_not_answer(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = stage.kubeconfig.read_text().replace(
        stage.admin.configuration.host, "https://127.0.0.1:1"
    )
    (tmp_path / "elsewhere").write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "elsewhere"))
    error = fail(stage, deploy_timeout_seconds=3)
    assert isinstance(error, TransientError)
    assert "an API server that answers" in error.expected
