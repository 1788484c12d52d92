"""What every manifest keeps to; no cluster is needed."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.fixtures.waiting import PATIENCE

from viewfinder.cli.main import main
from viewfinder_components.image import PREDICTOR_IMAGE
from viewfinder_pipelines.doctor.permissions import NEEDED
from viewfinder_pipelines.retraining.kubeflow_runner import KubeflowRunner
from viewfinder_pipelines.retraining.serve import plan_models
from viewfinder_pipelines.settings.file import read_settings

MANIFESTS = Path(__file__).parents[2] / "manifests"
FILES = sorted(path for path in MANIFESTS.rglob("*.yaml") if path.name != "kustomization.yaml")
KUSTOMIZATIONS = sorted(MANIFESTS.rglob("kustomization.yaml"))
RETRAINING = MANIFESTS / "retraining"
RUNTIMES = sorted(MANIFESTS.glob("base/servingruntime-*.yaml"))


def name_of(path: Path) -> str:
    return str(path.relative_to(MANIFESTS))


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def test_there_are_manifests():
    assert len(FILES) >= 9
    assert len(KUSTOMIZATIONS) >= 5
    assert len(RUNTIMES) == 2


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_holds_one_object_of_the_kind_it_is_named_after(path):
    documents = list(yaml.safe_load_all(path.read_text()))
    assert len(documents) == 1
    assert path.stem.split("-")[0] == documents[0]["kind"].lower()
    assert "namespace" not in documents[0]["metadata"], "the overlay says the namespace"


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=name_of)
def test_a_kustomization_takes_every_file_beside_it(path):
    kustomization = read(path)
    taken = set(kustomization.get("resources", []))
    patches = kustomization.get("patches", [])
    taken |= {patch["path"] for patch in patches if "path" in patch}
    beside = {file.name for file in path.parent.glob("*.yaml")} - {"kustomization.yaml"}
    assert {name for name in taken if name.endswith(".yaml")} == beside
    for name in taken:
        assert (path.parent / name).exists()


def test_the_role_grants_exactly_what_doctor_asks_for():
    granted = {
        (verb, resource, group)
        for rule in read(MANIFESTS / "base/role.yaml")["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted == {(needed.verb, needed.resource, needed.group) for needed in NEEDED}
    assert not any("*" in part for rule in granted for part in rule)


def test_the_readme_explains_every_permission():
    rules = read(MANIFESTS / "base" / "role.yaml")["rules"]
    granted = {(one, verb) for rule in rules for one in rule["resources"] for verb in rule["verbs"]}
    table = (
        (MANIFESTS / "README.md").read_text().partition("| permission |")[2].partition("\n\n")[0]
    )
    explained = {
        (resource.strip().lower().removeprefix("knative's "), verb.strip())
        for row in re.findall(r"^\| ([^|]+:[^|]+) \|", table, re.MULTILINE)
        for resources, verbs in (part.split(":") for part in row.split(";"))
        for resource in resources.split(",")
        for verb in verbs.split(",")
    }
    assert explained == granted


@pytest.mark.parametrize("path", RUNTIMES, ids=name_of)
def test_a_runtime_passes_the_standard_restricted(path):
    (container,) = read(path)["spec"]["containers"]
    assert container["name"] == "kserve-container"
    context = container["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["readOnlyRootFilesystem"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}


@pytest.mark.parametrize("path", RUNTIMES, ids=name_of)
def test_a_runtime_is_fit_for_service(path):
    (container,) = read(path)["spec"]["containers"]
    image, _, tag = container["image"].rpartition(":")
    assert image
    assert tag
    assert tag != "latest"
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert container.keys() >= {"startupProbe", "readinessProbe", "livenessProbe"}
    assert container["resources"].keys() == {"requests", "limits"}


def test_the_predictors_runtime_serves_with_the_image_that_is_checked(monkeypatch):
    (container,) = read(MANIFESTS / "base/servingruntime-predictor.yaml")["spec"]["containers"]
    assert container["image"] == PREDICTOR_IMAGE


def test_tensorflow_serving_is_not_older_than_the_exporter():
    text = (MANIFESTS.parent / "requirements/steps.txt").read_text()
    exporter = re.search(r"^tensorflow==(\d+)\.(\d+)", text, re.MULTILINE)
    path = MANIFESTS / "base/servingruntime-tensorflow-serving.yaml"
    (container,) = read(path)["spec"]["containers"]
    server = re.fullmatch(r"tensorflow/serving:(\d+)\.(\d+)\.\d+", container["image"])
    assert exporter
    assert server
    assert (int(server[1]), int(server[2])) >= (int(exporter[1]), int(exporter[2]))


def test_tensorflow_serving_finds_its_files():
    config = read(MANIFESTS / "base/configmap-tensorflow-serving.yaml")
    runtime = read(MANIFESTS / "base/servingruntime-tensorflow-serving.yaml")["spec"]
    (container,) = runtime["containers"]
    (volume,) = [entry for entry in runtime["volumes"] if "configMap" in entry]
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    folder = "/etc/tensorflow-serving/"
    words = [*container["command"], *(arg.partition("=")[2] for arg in container["args"])]
    named = {word.removeprefix(folder) for word in words if word.startswith(folder)}
    assert named == set(config["data"])


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (["--model_name=pets", "--port=9000"], "1"),
        (["--model_name=a b", "--model-version=12"], "12"),
    ],
)
def test_tensorflow_serving_is_started_on_the_version(tmp_path, given, number):
    """The script itself, with a program in the server's place that says how it was called."""
    script = read(MANIFESTS / "base/configmap-tensorflow-serving.yaml")["data"]["start.sh"]
    server = tmp_path / "tensorflow_model_server"
    server.write_text('#!/bin/sh\nfor argument do echo "$argument"; done\n')
    server.chmod(0o755)
    (tmp_path / "versions").mkdir()
    script = script.replace("/versions", f"{tmp_path}/versions")
    done = subprocess.run(
        ["sh", "-s", "--", *given], input=script, capture_output=True, text=True, check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, timeout=PATIENCE,
    )  # fmt: skip
    passed = [argument for argument in given if not argument.startswith("--model-version")]
    assert done.stdout.splitlines() == [f"--model_base_path={tmp_path}/versions", *passed]
    assert (tmp_path / "versions" / number).readlink() == Path("/mnt/models")


def test_no_key_is_committed():
    lines = (MANIFESTS / "storage/s3/storage.env").read_text().splitlines()
    keys = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]} == {"change-me"}


def test_the_notebook_server_fits_what_it_refers_to():
    notebook = read(MANIFESTS / "notebook/notebook.yaml")
    spec = notebook["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["name"] == notebook["metadata"]["name"]  # Kubeflow's page looks for it
    claim = read(MANIFESTS / "notebook/persistentvolumeclaim.yaml")["metadata"]["name"]
    assert spec["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim
    pod_default = read(MANIFESTS / "overlays/kubeflow/poddefault.yaml")["spec"]
    selected = pod_default["selector"]["matchLabels"]
    assert selected.items() <= notebook["metadata"]["labels"].items()
    tag = PREDICTOR_IMAGE.rpartition(":")[2]
    assert container["image"] == f"viewfinder/notebook:{tag}"


def test_the_receivers_pod_passes_the_standard_restricted():
    spec = read(RETRAINING / "deployment.yaml")["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["image"] == f"viewfinder/steps:{PREDICTOR_IMAGE.rpartition(':')[2]}"


def test_the_receiver_can_only_start_and_read_runs():
    rules = read(RETRAINING / "role.yaml")["rules"]
    assert {group for rule in rules for group in rule["apiGroups"]} == {"pipelines.kubeflow.org"}
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    assert verbs == {"get", "list", "create", "readArtifact"}
    account = read(RETRAINING / "serviceaccount.yaml")
    assert account["automountServiceAccountToken"] is False


def test_the_receivers_objects_fit_each_other():
    deployment, service, policy, claim = (
        read(RETRAINING / f"{kind}.yaml")
        for kind in ("deployment", "service", "networkpolicy", "persistentvolumeclaim")
    )
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert policy["spec"]["podSelector"]["matchLabels"] == labels
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (port,) = container["ports"]
    (rule,) = policy["spec"]["ingress"]
    assert {one["port"] for one in rule["ports"]} == {port["containerPort"]}
    assert [one["port"] for one in service["spec"]["ports"]] == [port["containerPort"]]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    claimed = volumes["state"]["persistentVolumeClaim"]["claimName"]
    assert claimed == claim["metadata"]["name"]


def test_the_receivers_command_and_settings_are_valid():
    (container,) = read(RETRAINING / "deployment.yaml")["spec"]["template"]["spec"]["containers"]
    program, name = container["command"]
    assert program == "viewfinder"
    options = main.commands[name].make_context(name, list(container["args"])).params
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert options["state"].is_relative_to(mounts["state"])
    assert options["token_file"].is_relative_to(mounts["tokens"])
    assert options["settings"].parent == Path(mounts["settings"])
    settings = read_settings(RETRAINING / options["settings"].name)
    assert plan_models(settings, KubeflowRunner(settings)).keys() == {"fruit"}
