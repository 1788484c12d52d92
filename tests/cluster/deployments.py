"""What the deploy tests stand on: small real versions, a prepared namespace, and a steady load."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.fixtures.servables import COLOURS, LABELS, draw, write_evaluation, write_servable
from tests.fixtures.waiting import wait_for
from tests.testbed import knative
from tests.testbed.knative_ingress.envoy_config import EXTERNAL
from tests.testbed.stores import S3

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import deploy_version
from viewfinder_components.deployment.kserve.kserve_version import SERVING
from viewfinder_components.deployment.kubernetes.cluster import Cluster
from viewfinder_components.deployment.record import Deployed
from viewfinder_components.errors import TransientError

ROOT = Path(__file__).parents[2]
PREDICTOR_IMAGE = "localhost/viewfinder/predictor:test"
STEPS_IMAGE = "localhost/viewfinder/steps:test"
MODEL = "fruit"
MODES = ("Standard", "Knative")
_KINDS = {
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "ServingRuntime": ("/apis/serving.kserve.io/v1alpha1", "servingruntimes"),
    "InferenceService": (SERVING, "inferenceservices"),
    "Secret": ("/api/v1", "secrets"),
    "ConfigMap": ("/api/v1", "configmaps"),
    "Pod": ("/api/v1", "pods"),
    "ResourceQuota": ("/api/v1", "resourcequotas"),
}


_SCRIPT = """
import json, sys
from pathlib import Path
from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.deploy import deploy_version
config = DeployConfig(**json.loads(sys.argv[3]))
print(deploy_version(Path(sys.argv[1]), Path(sys.argv[2]), config).summary)
"""


@dataclass(frozen=True)
class Version:
    """A published version, and the evaluation that belongs to it."""

    uri: str
    number: int
    evaluation: Path


def write_manifest(servable: Path, evaluation: Path) -> None:
    """Keep the test photos in a servable, and describe its files as export does."""
    shutil.copytree(evaluation / "samples", servable / "samples")
    files = {
        path.relative_to(servable).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest()
        }
        for path in sorted(servable.rglob("*"))
        if path.is_file()
    }
    (servable / "manifest.json").write_text(json.dumps({"labels": LABELS, "files": files}))


@dataclass
class Stage:
    """A namespace in which `manifests/base` was applied, and a bucket with versions."""

    admin: Cluster
    """With all rights, for what a test does to the cluster."""
    kubeconfig: Path
    """Of the service account `pipeline-runner`, with the rights of `manifests/base/role.yaml`."""
    s3: S3
    bucket: str
    folder: Path
    mode: str = "Standard"
    """KServe's, in which everything here is deployed."""
    versions: dict[int, Version] = field(default_factory=dict)

    def publish(self, number: int, files: dict[str, bytes] | None = None) -> Version:
        """Put a version into the bucket; each number is another model.

        Args:
            number: The version's.
            files: What lies there instead of a servable.
        """
        home = self.folder / f"version-{number}"
        write_servable(home / "servable", scale=1.0 + number)
        write_evaluation(home / "evaluation", home / "servable")
        write_manifest(home / "servable", home / "evaluation")
        contents = files or {
            path.relative_to(home / "servable").as_posix(): path.read_bytes()
            for path in (home / "servable").rglob("*")
            if path.is_file()
        }
        for name, content in contents.items():
            self.s3.client().put_object(
                Bucket=self.bucket, Key=f"models/{MODEL}/{number}/{name}", Body=content
            )
        uri = f"s3://{self.bucket}/models/{MODEL}/{number}"
        self.versions[number] = Version(uri, number, home / "evaluation")
        return self.versions[number]

    def config(self, version: Version, **values: Any) -> DeployConfig:
        """How a version is deployed here."""
        defaults: dict[str, Any] = {
            "version_uri": version.uri,
            "version_number": version.number,
            "model_name": MODEL,
            "namespace": self.admin.namespace,
            "predictor_cpu": "200m",
            "predictor_memory": "400Mi",
            "deploy_timeout_seconds": 150,
            "kserve_mode": self.mode,
        }
        return DeployConfig(**(defaults | values))

    def deploy(self, version: Version, **values: Any) -> Deployed:
        """Deploy as `pipeline-runner`."""
        return deploy_version(
            version.evaluation, self.folder / "record", self.config(version, **values)
        )

    def start_deploy(self, version: Version, **values: Any) -> "subprocess.Popen[str]":
        """Deploy in a process of its own, which a test may kill."""
        config = json.dumps(asdict(self.config(version, **values)))
        folders = [str(version.evaluation), str(self.folder / f"record-{version.number}")]
        return subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, *folders, config],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
        )

    def run_deploy_pod(self, version: Version, image: str) -> dict[str, Any]:
        """Deploy in a pod of `pipeline-runner`, as a pipeline does; return the ended pod."""
        files = [path for path in version.evaluation.rglob("*") if path.is_file()]
        names = {path: str(path.relative_to(version.evaluation)) for path in files}
        keys = {path: name.replace("/", ".") for path, name in names.items()}
        data = {keys[path]: base64.b64encode(path.read_bytes()).decode() for path in files}
        metadata = {"name": "evaluation", "namespace": self.admin.namespace}
        self.apply({"kind": "ConfigMap", "metadata": metadata, "binaryData": data})
        config = json.dumps(asdict(self.config(version)) | {"namespace": ""})
        container = {
            "name": "deploy",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["python3", "-c", _SCRIPT, "/evaluation", "/tmp/record", config],  # noqa: S108
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "volumeMounts": [{"name": "evaluation", "mountPath": "/evaluation"}],
        }
        items = [{"key": keys[path], "path": names[path]} for path in files]
        volume = {"name": "evaluation", "configMap": {"name": "evaluation", "items": items}}
        spec = {
            "serviceAccountName": "pipeline-runner",
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [volume],
        }
        self.apply({"kind": "Pod", "metadata": {"name": "deploy"}, "spec": spec})
        path = self.admin.path("/api/v1", "pods", "deploy")
        ended = ("Succeeded", "Failed")
        wait_for(
            lambda: (self.admin.get(path) or {})["status"]["phase"] in ended, "the pod to end", 200
        )
        return self.admin.get(path) or {}

    def apply(self, body: dict[str, Any]) -> dict[str, Any]:
        """Apply an object as the administrator."""
        prefix, kind = _KINDS[body["kind"]]
        version = {"apiVersion": prefix.removeprefix("/apis/").removeprefix("/api/")}
        path = self.admin.path(prefix, kind, body["metadata"]["name"])
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.admin.apply(path, version | body, force=True)
            except TransientError:  # another test has killed the controller behind the webhook
                assert time.monotonic() < deadline
                time.sleep(1)

    def patch_runtime(self, name: str, **container: Any) -> str:
        """Make a copy of the predictor's runtime with other fields, None for without one."""
        runtime = read_manifest("servingruntime-predictor")
        runtime["metadata"]["name"] = name
        fields = runtime["spec"]["containers"][0] | {"image": PREDICTOR_IMAGE} | container
        fields = {key: value for key, value in fields.items() if value is not None}
        runtime["spec"]["containers"] = [fields]
        self.apply(runtime)
        return name

    def service(self) -> dict[str, Any]:
        """The InferenceService as it is."""
        found = self.admin.get(self.admin.path(SERVING, "inferenceservices", MODEL))
        assert found is not None
        return found

    def workload(self) -> dict[str, Any]:
        """What KServe has made of the service: a Deployment, or a Knative Service."""
        kind = ("/apis/apps/v1", "deployments")
        if self.mode == "Knative":
            kind = ("/apis/serving.knative.dev/v1", "services")
        found = self.admin.get(self.admin.path(*kind, f"{MODEL}-predictor"))
        assert found is not None
        return found

    def pods(self) -> list[dict[str, Any]]:
        """The predictor's pods, the oldest first."""
        pods = self.admin.list(
            self.admin.path("/api/v1", "pods"),
            labelSelector=f"serving.kserve.io/inferenceservice={MODEL}",
        )
        return sorted(pods, key=lambda pod: pod["metadata"]["creationTimestamp"])

    def pods_of(self, version: int) -> list[dict[str, Any]]:
        """The pods of one version that are not about to end."""
        return [
            pod
            for pod in self.pods()
            if pod["metadata"]["annotations"]["viewfinder.dev/version"] == str(version)
            and not pod["metadata"].get("deletionTimestamp")
        ]

    def kill(self, pod: dict[str, Any]) -> None:
        """Remove a pod at once, without a chance to end well."""
        path = self.admin.path("/api/v1", "pods", pod["metadata"]["name"])
        self.admin.http.delete(path, params={"gracePeriodSeconds": "0"}).raise_for_status()

    def client(self, **options: Any) -> httpx.Client:
        """Ask the service from this machine: at its own address, or Knative's ingress' by name."""
        path, headers = self.admin.path("/api/v1", "services", f"{MODEL}-predictor"), {}
        if self.mode == "Knative":
            path = f"/api/v1/namespaces/{knative.INGRESS_NAMESPACE}/services/{EXTERNAL}"
            url = self.service()["status"]["components"]["predictor"]["url"]
            headers = {"host": url.removeprefix("http://")}
        address = (self.admin.get(path) or {})["spec"]["clusterIP"]
        return httpx.Client(
            base_url=f"http://{address}", headers=headers, trust_env=False, **options
        )

    def served_version(self) -> str:
        """The version that answers."""
        _wait_until_reachable(self)
        with self.client(timeout=60) as client:
            return str(client.get(f"/v2/models/{MODEL}").raise_for_status().json()["versions"][0])


def read_manifest(name: str) -> dict[str, Any]:
    """A manifest of `manifests/base`."""
    return dict(yaml.safe_load((ROOT / "manifests" / "base" / f"{name}.yaml").read_text()))


@contextmanager
def prepare_stage(
    kubeconfig: Path, namespace: str, s3: S3, folder: Path, mode: str
) -> Iterator[Stage]:
    """Apply `manifests/base` to a namespace, with the images and the store of the tests."""
    with replace(_connect(kubeconfig), namespace=namespace) as admin:
        yield _prepare(admin, s3, folder, mode)


def _prepare(admin: Cluster, s3: S3, folder: Path, mode: str) -> Stage:
    stage = Stage(admin, folder / "kubeconfig", s3, s3.create_bucket(), folder, mode)
    for name in ("role", "serviceaccount"):
        stage.apply(read_manifest(name))
    stage.apply({"kind": "ServiceAccount", "metadata": {"name": "pipeline-runner"}})
    stage.apply(read_manifest("rolebinding"))
    _allow_from_outside(stage)
    stage.patch_runtime("viewfinder-predictor")
    stage.apply(storage_secret(s3.endpoint, s3.access_key, s3.secret_key, s3.region))
    stage.kubeconfig.write_text(json.dumps(kubeconfig_of(admin, "pipeline-runner")))
    return stage


def storage_secret(endpoint: str, access_key: str, secret_key: str, region: str) -> dict[str, Any]:
    """The Secret from which KServe's storage initializer takes its credentials."""
    return {
        "kind": "Secret",
        "metadata": {
            "name": "viewfinder-storage",
            "annotations": {
                "serving.kserve.io/s3-endpoint": endpoint.removeprefix("http://"),
                "serving.kserve.io/s3-usehttps": "0",
                "serving.kserve.io/s3-region": region,
            },
        },
        "stringData": {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key},
    }


def _connect(kubeconfig: Path) -> Cluster:
    """Connect as whom a kubeconfig names, and leave the environment as it is."""
    before = os.environ.get("KUBECONFIG")
    os.environ["KUBECONFIG"] = str(kubeconfig)
    try:
        return Cluster.connect()
    finally:
        del os.environ["KUBECONFIG"]
        if before is not None:
            os.environ["KUBECONFIG"] = before


def _allow_from_outside(stage: Stage) -> None:
    """What a person at a laptop has by the cluster role `edit`, and the pipeline does not need."""
    rule = {"apiGroups": [""], "resources": ["services/proxy"], "verbs": ["get", "create"]}
    api = "rbac.authorization.k8s.io"
    stage.apply(
        {
            "kind": "Role",
            "metadata": {"name": "from-outside"},
            "rules": [rule],
        }
    )
    stage.apply(
        {
            "kind": "RoleBinding",
            "metadata": {"name": "from-outside"},
            "roleRef": {"apiGroup": api, "kind": "Role", "name": "from-outside"},
            "subjects": [{"kind": "ServiceAccount", "name": "pipeline-runner"}],
        }
    )


def kubeconfig_of(admin: Cluster, account: str) -> dict[str, Any]:
    """A kubeconfig of a service account in the namespace."""
    path = admin.path("/api/v1", "serviceaccounts", account) + "/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = admin.http.post(path, json=request).raise_for_status().json()["status"]["token"]
    server = {
        "server": admin.configuration.host,
        "certificate-authority": str(admin.configuration.ssl_ca_cert),
    }
    context = {"cluster": "test", "user": account, "namespace": admin.namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": server}],
        "users": [{"name": account, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": context}],
        "current-context": "test",
    }


@dataclass
class Load:
    """Requests that were sent while something happened."""

    sent: int = 0
    failures: list[str] = field(default_factory=list)
    """When, in seconds from the start, and why."""
    versions: Counter[str] = field(default_factory=Counter)
    """How often each version answered."""

    def __str__(self) -> str:
        shown = f", the first: {self.failures[0]}" if self.failures else ""
        return (
            f"{self.sent} requests sent, {len(self.failures)} failed{shown}; {dict(self.versions)}"
        )


@contextmanager
def steady_load(stage: Stage, clients: int = 3, pause: float = 0.02) -> Iterator[Load]:
    """Ask the service about photos all the time, each request on a connection of its own.

    Args:
        stage: Where the service is.
        clients: How many ask at once.
        pause: Seconds that a client waits between two requests.
    """
    load, stop, lock = Load(), threading.Event(), threading.Lock()
    shape: dict[str, Any] = {"name": "image_bytes", "datatype": "BYTES", "shape": [1]}
    photo = draw(COLOURS[0])
    headers = {"inference-header-content-length": ""}
    tail = len(photo).to_bytes(4, "little") + photo
    question = json.dumps(
        {"inputs": [shape | {"parameters": {"binary_data_size": len(tail)}}]}
    ).encode()
    headers["inference-header-content-length"] = str(len(question))
    headers["content-type"] = "application/octet-stream"
    _wait_until_reachable(stage)
    started = time.monotonic()

    def ask(client: httpx.Client) -> str:
        answer = client.post(f"/v2/models/{MODEL}/infer", content=question + tail, headers=headers)
        answer.raise_for_status()
        return str(answer.json()["model_version"])

    def run() -> None:
        limits = httpx.Limits(max_keepalive_connections=0)
        with stage.client(limits=limits, timeout=30) as client:
            while not stop.is_set():
                try:
                    version, failure = ask(client), ""
                except httpx.HTTPError as error:
                    version = ""
                    failure = f"{time.monotonic() - started:.1f} s: {type(error).__name__} {error}"
                with lock:
                    load.sent += 1
                    if failure:
                        load.failures.append(failure)
                    else:
                        load.versions[version] += 1
                stop.wait(pause)

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        print(f"\n    load: {load}")


def _wait_until_reachable(stage: Stage) -> None:
    """Wait until this machine's connections reach the service's pods.

    A deployment is over when the pods are ready, and asks them through the API server; kube-proxy
    may write its rules for the service's address later. The first packet of a connection decides
    where the others go, so one that was sent before the rules were there never arrives.
    """

    def answers() -> bool:
        try:
            with stage.client(timeout=httpx.Timeout(60, connect=1)) as client:
                return client.get(f"/v2/models/{MODEL}").is_success
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return False

    wait_for(answers, "an answer of the service at its own address")
