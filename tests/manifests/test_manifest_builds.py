"""What kustomize makes of the manifests; needs kubectl, but no cluster."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.fixtures.waiting import PATIENCE
from tests.testbed.programs import find_kubectl

MANIFESTS = Path(__file__).parents[2] / "manifests"
FOLDERS = sorted(path.parent for path in MANIFESTS.rglob("kustomization.yaml"))
OVERLAYS = {
    "standalone": ("kubeflow", "pipeline-runner"),
    "kubeflow": ("kubeflow-user-example-com", "default-editor"),
    "gke": ("kubeflow", "pipeline-runner"),
}


def build(folder: Path) -> list[dict]:
    done = subprocess.run(
        [find_kubectl(), "kustomize", folder],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return list(yaml.safe_load_all(done.stdout))


def of_kind(objects: list[dict], kind: str) -> list[dict]:
    return [found for found in objects if found["kind"] == kind]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_kustomization_builds(folder):
    assert build(folder)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_says_where_and_who(overlay):
    namespace, account = OVERLAYS[overlay]
    objects = build(MANIFESTS / "overlays" / overlay)
    assert {found["metadata"]["namespace"] for found in objects} == {namespace}
    (binding,) = of_kind(objects, "RoleBinding")
    (subject,) = binding["subjects"]
    assert subject == {"kind": "ServiceAccount", "name": account, "namespace": namespace}


def test_without_pipelines_there_is_no_role_and_the_namespace_is_kubectls():
    objects = build(MANIFESTS / "overlays" / "kserve")
    assert not of_kind(objects, "Role") + of_kind(objects, "RoleBinding")
    assert len(of_kind(objects, "ServingRuntime")) == 2
    assert not [found for found in objects if "namespace" in found["metadata"]]


def test_gke_uses_identities_and_no_secret():
    for account in of_kind(build(MANIFESTS / "overlays/gke"), "ServiceAccount"):
        assert "iam.gke.io/gcp-service-account" in account["metadata"]["annotations"]
        assert not account.get("secrets")


def test_only_kubeflow_with_profiles_has_a_pod_default():
    with_one = {
        name for name in OVERLAYS if of_kind(build(MANIFESTS / "overlays" / name), "PodDefault")
    }
    assert with_one == {"kubeflow"}


def test_the_predictor_can_ask_for_tokens(tmp_path):
    """As manifests/README.md says it."""
    section = (MANIFESTS / "README.md").read_text().partition("## Ask for tokens")[2]
    written = section.partition("```yaml\n")[2].partition("```")[0]
    folder = tmp_path / "own"
    folder.mkdir()
    path = os.path.relpath(MANIFESTS, folder)
    (folder / "kustomization.yaml").write_text(written.replace("../manifests", path))
    (runtime,) = [
        found
        for found in of_kind(build(folder), "ServingRuntime")
        if found["metadata"]["name"] == "viewfinder-predictor"
    ]
    (container,) = runtime["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    (volume,) = runtime["spec"]["volumes"]
    assert volume["name"] == mount["name"]
    assert volume["secret"]["secretName"] == "viewfinder-tokens"
    options = [option for option in container["args"] if option.startswith("--token-file=")]
    assert options == [f"--token-file={mount['mountPath']}/tokens"]


def test_the_image_can_be_set_by_kustomize(tmp_path):
    """As manifests/README.md says it for a registry of one's own."""
    (tmp_path / "base").symlink_to(MANIFESTS / "base")
    image = {"name": "viewfinder/predictor", "newName": "registry.example/p", "newTag": "7"}
    text = yaml.safe_dump({"resources": ["base"], "images": [image]})
    (tmp_path / "kustomization.yaml").write_text(text)
    runtimes = of_kind(build(tmp_path), "ServingRuntime")
    images = {found["spec"]["containers"][0]["image"] for found in runtimes}
    assert "registry.example/p:7" in images


def test_the_notebook_servers_image_can_be_set(tmp_path):
    for path in (MANIFESTS / "notebook").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    own = "images: [{name: viewfinder/notebook, newName: registry.example/notebook, newTag: '2'}]"
    with (tmp_path / "kustomization.yaml").open("a") as file:
        file.write(own)
    (notebook,) = of_kind(build(tmp_path), "Notebook")
    (container,) = notebook["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/notebook:2"
