"""Both images in pods as strict as a cluster can make them."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from tests.fixtures.servables import COLOURS, draw, write_evaluation, write_servable

from viewfinder_components.checking.config import STEP
from viewfinder_pipelines.pipeline.compiling import compile_pipeline

ROOT = Path(__file__).parents[2]
PREDICTOR = "localhost/viewfinder/predictor:test"
STEPS = "localhost/viewfinder/steps:test"
OUT = "/tmp/out"  # noqa: S108  (in the pod)
STRICT = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
Container = dict[str, Any]


class Pods:
    """One namespace that enforces `restricted`, and pods in it."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self.core = client.CoreV1Api(api)
        self.namespace = namespace

    def start(self, container: Container, volumes: list[dict[str, Any]], **spec: Any) -> str:
        body = {"metadata": {"generateName": "image-"}, "spec": spec}
        body["spec"] |= {"containers": [container], "volumes": volumes}
        return str(self.core.create_namespaced_pod(self.namespace, body).metadata.name)

    def run(self, image: str, *command: str, volumes: dict[str, Any] | None = None) -> str:
        """Run a command to its end and return its output; it may write to /tmp only."""
        volumes = {"tmp": {"emptyDir": {}}} | (volumes or {})
        container = {
            "name": "main",
            "image": image,
            "command": list(command),
            "imagePullPolicy": "IfNotPresent",
            "securityContext": STRICT,
            "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in volumes],
        }
        named = [{"name": name} | source for name, source in volumes.items()]
        pod = self.start(container, named, restartPolicy="Never")
        phase = self._await(pod, lambda status: status.phase in ("Succeeded", "Failed"))
        # Raw: the client would take a log that is JSON for an answer of its own.
        answer = self.core.read_namespaced_pod_log(pod, self.namespace, _preload_content=False)
        log = str(answer.data.decode())
        assert phase == "Succeeded", log
        return log

    def await_ready(self, pod: str) -> None:
        def is_ready(status: Any) -> bool:
            assert not any(entry.restart_count for entry in status.container_statuses or [])
            return any(c.type == "Ready" and c.status == "True" for c in status.conditions or [])

        self._await(pod, is_ready)

    def _await(self, pod: str, holds: Callable[[Any], bool]) -> str:
        deadline = time.monotonic() + 150
        while True:
            status = self.core.read_namespaced_pod(pod, self.namespace).status
            if holds(status):
                return str(status.phase)
            assert time.monotonic() < deadline, (
                f"expected {pod} to be ready or to end within 150 s, "
                f"received {status.container_statuses}"
            )
            time.sleep(0.3)

    def mount_folder(self, name: str, folder: Path) -> dict[str, Any]:
        """Put a small folder into a ConfigMap and return the volume's source."""
        files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
        keys = {path: path.replace("/", "..") for path in files}
        data = {keys[path]: base64.b64encode(p.read_bytes()).decode() for path, p in files.items()}
        body = {"metadata": {"name": name}, "binaryData": data}
        self.core.create_namespaced_config_map(self.namespace, body)
        items = [{"key": key, "path": path} for path, key in keys.items()]
        return {"configMap": {"name": name, "items": items}}


@pytest.fixture
def pods(api: client.ApiClient, namespace: str, require_image: Callable[[str], None]) -> Pods:
    require_image(PREDICTOR)
    require_image(STEPS)
    return Pods(api, namespace)


def test_the_predictor_serves_from_a_read_only_root(pods: Pods, tmp_path: Path) -> None:
    """Its runtime's own container, with a model and nothing else to write to."""
    write_servable(tmp_path / "servable", scale=3.0)
    model = pods.mount_folder("model", tmp_path / "servable")
    runtime = yaml.safe_load((ROOT / "manifests/base/servingruntime-predictor.yaml").read_text())
    (container,) = runtime["spec"]["containers"]
    container |= {"image": PREDICTOR, "imagePullPolicy": "IfNotPresent"}
    container["args"] = [text.replace("{{.Name}}", "colour") for text in container["args"]]
    container["volumeMounts"] = [{"name": "model", "mountPath": "/mnt/models"}]
    pod = pods.start(container, [{"name": "model"} | model])
    pods.await_ready(pod)

    photo = base64.b64encode(draw(COLOURS[0])).decode()
    proxy = f"/api/v1/namespaces/{pods.namespace}/pods/{pod}:8080/proxy/v1/models/colour:predict"
    answer, status, _ = pods.core.api_client.call_api(
        proxy, "POST", header_params={"Content-Type": "application/json"},
        body={"instances": [{"b64": photo}]}, auth_settings=["BearerToken"],
        response_type="object",
    )  # fmt: skip
    assert status == 200
    assert answer["predictions"][0]["label"] == "red"


def test_the_check_step_runs_in_the_predictors_image(pods: Pods, tmp_path: Path) -> None:
    """By exactly the command that Kubeflow Pipelines runs."""
    write_servable(tmp_path / "servable", scale=3.0)
    write_evaluation(tmp_path / "evaluation", tmp_path / "servable")
    compile_pipeline(tmp_path / "pipeline.yaml")
    pipeline = next(yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text()))
    step = pipeline["deploymentSpec"]["executors"]["exec-check"]["container"]
    inputs = {"servable": "system.Model", "evaluation": "system.Artifact"}
    outputs = {"verdict": "system.Artifact", "latency_and_memory": "system.Metrics"}

    def artifacts(types: dict[str, str], folder: str) -> dict[str, Any]:
        return {
            name: {"artifacts": [{"name": name, "type": {"schemaTitle": schema},
                                  "uri": f"{folder}/{name}", "metadata": {}}]}
            for name, schema in types.items()
        }  # fmt: skip

    # Kubeflow Pipelines hands on the defaults that the component's specification has.
    defaults = {name: one.default for name, one in STEP.parameters.items()}
    # What is held here is the image; a shared machine may be slow.
    parameters = {**defaults, "max_p50_ms": 30_000, "max_p99_ms": 60_000}
    executor_input = {
        "inputs": {"artifacts": artifacts(inputs, ""), "parameterValues": parameters},
        "outputs": {"artifacts": artifacts(outputs, OUT), "outputFile": f"{OUT}/output"},
    }
    arguments = [json.dumps(executor_input) if a == "{{$}}" else a for a in step["args"]]
    volumes = {name: pods.mount_folder(name, tmp_path / name) for name in inputs}
    log = pods.run(PREDICTOR, *step["command"], *arguments, volumes=volumes)
    assert "check succeeded: all 8 checks passed" in log


@pytest.mark.parametrize("image", [PREDICTOR, STEPS])
def test_an_image_is_made_for_strangers_clusters(pods: Pods, image: str) -> None:
    script = (
        "import importlib.util, json, os, pathlib, sys\n"
        "import viewfinder_components.errors as ours\n"
        "found = {name: importlib.util.find_spec(name) is not None "
        "for name in ('pip', 'uv', 'tensorflow', 'kserve', 'kfp', 'pandas')}\n"
        "site = pathlib.Path(ours.__file__).parents[1]\n"
        "sources = len(list(site.rglob('*.py')))\n"
        "compiled = len(list(site.rglob('*.pyc')))\n"
        "from viewfinder_components.image import STEPS_IMAGE\n"
        "print(json.dumps([found, os.getuid(), compiled / sources, STEPS_IMAGE]))"
    )
    found, uid, compiled, name = json.loads(pods.run(image, "python3", "-c", script))
    assert not found["pip"], "nothing can be installed at run time"
    assert not found["uv"]
    assert found["kfp"]
    assert found["tensorflow"] is (image == STEPS)
    assert found["kserve"] is (image == PREDICTOR)
    assert uid == 65532
    assert compiled > 0.95, "bytecode is compiled beforehand: a read-only root keeps none"
    assert not name.endswith(":dev"), "the package is installed with its version"


def test_the_steps_image_trains(pods: Pods) -> None:
    script = (
        "import numpy as np\n"
        "from viewfinder_components.tensorflow import keras\n"
        "from viewfinder_components.training.openvino_ir import to_openvino\n"
        "import pathlib\n"
        "pixels = keras.Input((16, 16, 3), dtype='uint8', name='pixels')\n"
        "x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))\n"
        "model = keras.Model(pixels, keras.layers.Dense(2, 'softmax', name='probabilities')(x))\n"
        "model.compile('adam', 'sparse_categorical_crossentropy')\n"
        "model.fit(np.zeros((8, 16, 16, 3), 'uint8'), np.zeros(8), verbose=0)\n"
        "print(to_openvino(model, 'probabilities').get_parameters()[0].get_friendly_name())\n"
        "model.export('/tmp/saved', verbose=False)\n"
        "print(sorted(path.name for path in pathlib.Path('/tmp/saved').iterdir()))"
    )
    log = pods.run(STEPS, "python3", "-c", script)
    assert "saved_model.pb" in log


def test_the_predictors_image_is_slim(
    api: client.ApiClient, require_image: Callable[[str], None]
) -> None:
    require_image(PREDICTOR)
    nodes = client.CoreV1Api(api).list_node().items
    sizes = [
        i.size_bytes for node in nodes for i in node.status.images if PREDICTOR in (i.names or ())
    ]
    # 27 MB of it are the libraries that read HEIC.
    assert max(sizes) < 430_000_000, "bytes, as the node counts them"
