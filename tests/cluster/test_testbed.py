"""The test bed is a Kubernetes: what every other cluster test takes for granted."""

import contextlib
import os
import time
from pathlib import Path

import httpx
import pytest
from kubernetes import client
from tests.fixtures.waiting import wait_for
from tests.testbed.images import PYTHON
from tests.testbed.objects import Cluster, wait_until

SERVING = "serving.kserve.io"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
SERVE = ["python3", "-m", "http.server", "8080", "--directory"]


@pytest.fixture(autouse=True)
def _needs_python(require_image):
    require_image(PYTHON)


def container(*command, **more):
    base = {"name": "kserve-container", "image": PYTHON, "imagePullPolicy": "Never"}
    return {**base, "command": list(command), "securityContext": RESTRICTED, **more}


@pytest.fixture
def run_pod(api, namespace):
    """Run a command in a pod to its end and return its log."""
    core = client.CoreV1Api(api)

    def run(*command, **spec):
        spec = {"containers": [container(*command)], "restartPolicy": "Never", **spec}
        pod = core.create_namespaced_pod(
            namespace, {"metadata": {"generateName": "run-"}, "spec": spec}
        )
        name = pod.metadata.name

        def phase():
            return core.read_namespaced_pod(name, namespace).status.phase

        wait_until(lambda: phase() in ("Succeeded", "Failed"), f"the end of {name}", 60)
        log = core.read_namespaced_pod_log(name, namespace)
        assert phase() == "Succeeded", log
        return log

    return run


def test_a_pod_reaches_a_service_by_its_name(api, namespace, run_pod):
    core = client.CoreV1Api(api)
    web = {"metadata": {"name": "web", "labels": {"app": "web"}}}
    core.create_namespaced_pod(
        namespace, {**web, "spec": {"containers": [container(*SERVE, "/etc")]}}
    )
    ports = [{"port": 80, "targetPort": 8080}]
    service = core.create_namespaced_service(
        namespace, {**web, "spec": {"selector": {"app": "web"}, "ports": ports}}
    )
    # from this machine, by its address
    wait_for_answer(f"http://{service.spec.cluster_ip}/debian_version")
    # from a pod, by its name
    url = f"http://web.{namespace}.svc.cluster.local/debian_version"
    read = (
        f"from urllib.request import urlopen; print(urlopen('{url}', timeout=10).read().decode())"
    )
    assert run_pod("python3", "-c", read).startswith("12.")


def test_a_pod_that_is_not_restricted_is_refused(api, namespace):
    pod = {"metadata": {"name": "root"}, "spec": {"containers": [{"name": "c", "image": PYTHON}]}}
    with pytest.raises(client.ApiException, match='violates PodSecurity \\\\"restricted'):
        client.CoreV1Api(api).create_namespaced_pod(namespace, pod)


def test_an_inference_service_answers(api, namespace):
    predictor = {"containers": [container(*SERVE, "/etc")]}
    address = serve(api, namespace, predictor)
    assert wait_for_answer(f"{address}/debian_version").startswith("12.")


def test_kserve_reads_a_model_from_s3(api, namespace, s3):
    bucket = s3.create_bucket()
    s3.client().put_object(Bucket=bucket, Key="models/1/hello", Body=b"from S3")
    give_access(api, namespace, s3)
    predictor = predictor_of(f"s3://{bucket}/models/1", serviceAccountName="reader")
    address = serve(api, namespace, predictor)
    assert wait_for_answer(f"{address}/hello") == "from S3"


def test_kserve_reads_a_model_from_cloud_storage(api, namespace, gcs):
    bucket = gcs.create_bucket()
    gcs.client().bucket(bucket).blob("models/1/hello").upload_from_string("from Cloud Storage")
    address = serve(api, namespace, predictor_of(f"gs://{bucket}/models/1"))
    assert wait_for_answer(f"{address}/hello") == "from Cloud Storage"


def test_a_volume_is_the_folder_of_this_machine(namespace, new_volume, run_pod):
    volume = new_volume(namespace)
    (volume.folder / "question").write_text("ready?")
    claim = {"name": "v", "persistentVolumeClaim": {"claimName": volume.claim}}
    code = "from pathlib import Path; Path('/v/answer').write_text(Path('/v/question').read_text())"
    mounted = container("python3", "-c", code, volumeMounts=[{"name": "v", "mountPath": "/v"}])
    run_pod(containers=[mounted], volumes=[claim])
    assert (volume.folder / "answer").read_text() == "ready?"


def test_the_s3_store_comes_back_with_its_data(s3, without_s3):
    bucket = s3.create_bucket()
    s3.client().put_object(Bucket=bucket, Key="kept", Body=b"still here")
    with without_s3(), pytest.raises(httpx.TransportError):
        httpx.get(s3.endpoint, timeout=2, trust_env=False)
    assert s3.client().get_object(Bucket=bucket, Key="kept")["Body"].read() == b"still here"


def test_cloud_storage_keeps_generations_and_answers_under_one_address(gcs):
    bucket = gcs.client().bucket(gcs.create_bucket())
    blob = bucket.blob("large", chunk_size=256 * 1024)  # resumable: several requests
    content = bytes(range(256)) * 4096
    blob.upload_from_string(content, if_generation_match=0)
    assert bucket.blob("large").download_as_bytes() == content
    from google.api_core.exceptions import PreconditionFailed

    with pytest.raises(PreconditionFailed):
        bucket.blob("large").upload_from_string(b"second", if_generation_match=0)


def test_a_killed_api_server_is_back_within_seconds(kubeconfig, kill_api_server):
    cluster = Cluster(kubeconfig)
    kill_api_server()
    wait_until(lambda: not cluster.is_ready(), "the API server to be gone", 10)
    wait_until(cluster.is_ready, "the API server to be back", 60)
    cluster.close()


def test_nothing_answers_without_an_api_server(kubeconfig, without_api_server):
    cluster = Cluster(kubeconfig)
    with without_api_server():
        time.sleep(3)  # longer than a restart takes
        assert not cluster.is_ready()
    assert cluster.is_ready()
    cluster.close()


def test_kserve_goes_on_after_its_controller_was_killed(api, namespace, kill_kserve_controller):
    kill_kserve_controller()
    address = serve(api, namespace, {"containers": [container(*SERVE, "/etc")]})
    assert wait_for_answer(f"{address}/debian_version")


@pytest.mark.disruptive
@pytest.mark.parametrize("program", ["containerd", "etcd", "kubelet", "kube-proxy"])
def test_every_program_is_healed(node, kubeconfig, program):
    before = node.pid(program)
    node.kill(program)
    wait_until(lambda: node.pid(program) not in (None, before), f"{program} to be back", 10)
    cluster = Cluster(kubeconfig)
    wait_until(cluster.node_is_ready, "the node to be ready", 60)
    cluster.close()


def give_access(api, namespace, s3):
    """Make the service account `reader` with the store's keys, as KServe wants them."""
    core = client.CoreV1Api(api)
    hints = {
        f"{SERVING}/s3-endpoint": s3.endpoint.removeprefix("http://"),
        f"{SERVING}/s3-usehttps": "0",
        f"{SERVING}/s3-region": s3.region,
    }
    keys = {"AWS_ACCESS_KEY_ID": s3.access_key, "AWS_SECRET_ACCESS_KEY": s3.secret_key}
    core.create_namespaced_secret(
        namespace, {"metadata": {"name": "s3", "annotations": hints}, "stringData": keys}
    )
    account = {"metadata": {"name": "reader"}, "secrets": [{"name": "s3"}]}
    core.create_namespaced_service_account(namespace, account)


def predictor_of(storage_uri, **more):
    """Serve what the storage initializer has read, as plain files."""
    uri = {"name": "STORAGE_URI", "value": storage_uri}
    return {"containers": [container(*SERVE, "/mnt/models", env=[uri])], **more}


def serve(api, namespace, predictor):
    """Create an InferenceService, wait until it is Ready, and return its address."""
    custom = client.CustomObjectsApi(api)
    body = {
        "apiVersion": f"{SERVING}/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "web"},
        "spec": {"predictor": {"minReplicas": 1, "maxReplicas": 1, **predictor}},
    }
    place = (SERVING, "v1beta1", namespace, "inferenceservices")

    def create():
        custom.create_namespaced_custom_object(*place, body)
        return True

    def is_ready():
        found = custom.get_namespaced_custom_object(*place, "web")
        conditions = found.get("status", {}).get("conditions", [])
        return ("Ready", "True") in [(one["type"], one["status"]) for one in conditions]

    wait_until(create, "KServe's webhook to answer", 60)
    cluster = Cluster(Path(os.environ["KUBECONFIG"]))
    wait_until(is_ready, "readiness", 120, lambda: cluster.why_not(namespace))
    cluster.close()
    service = client.CoreV1Api(api).read_namespaced_service("web-predictor", namespace)
    if service.spec.cluster_ip != "None":
        return f"http://{service.spec.cluster_ip}"
    pods = client.CoreV1Api(api).list_namespaced_pod(namespace).items
    return f"http://{pods[0].status.pod_ip}:8080"


def wait_for_answer(url):
    """Return what a URL answers, as soon as it does."""

    def ask():
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(url, timeout=5, trust_env=False).raise_for_status().text

    return wait_for(ask, f"an answer from {url}")
