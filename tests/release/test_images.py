"""The images of a release, from the registry's digests to the wheel, pipelines and manifests."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from tests.testbed.programs import find_kubectl

from .conftest import Call

REGISTRY = "ghcr.io/Example/viewfinder"
DIGESTS = {
    name: f"sha256:{mark * 64}"
    for name, mark in (("predictor", "a"), ("steps", "b"), ("notebook", "c"))
}
PUSHED = {name: f"ghcr.io/example/viewfinder/{name}@{digest}" for name, digest in DIGESTS.items()}
IMAGES = {name: PUSHED[name] for name in ("predictor", "steps")}  # those that runs use


@pytest.fixture
def reported(tmp_path: Path) -> Path:
    """What `docker buildx build --metadata-file` writes."""
    for name, digest in DIGESTS.items():
        metadata = {"containerimage.digest": digest, "image.name": f"{REGISTRY}/{name}:0.1.0"}
        (tmp_path / f"{name}.json").write_text(json.dumps(metadata))
    return tmp_path


# In the place of docker: it writes what was asked, reports a digest, and keeps what is built. What
# matches BROKEN does not run.
DOCKER = """#!/bin/bash
echo "$*" >> "$RECORD/calls"
if [ "$1" != buildx ]; then
  [ -z "${BROKEN:-}" ] || [[ "$*" != *$BROKEN* ]]
  exit
fi
while [ $# -gt 0 ]; do
  case $1 in
    --target) target=$2 ;;
    --metadata-file) metadata=$2 ;;
  esac
  shift
done
cp "$RECORD/$target.json" "$metadata"
cp components/viewfinder_components/published_images.py "$RECORD/$target.py"
"""


def release_images(
    checkout: Path, call: Call, record: Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run `release/images.sh` in a clone, with the program above."""
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "test"]):
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", *identity, *command], cwd=checkout, check=True)
    program = record / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    own = {"PATH": path, "RECORD": str(record), "SOURCE": "https://example.com/x"}
    return call("release/images.sh", REGISTRY, "0.2.0", **own | environment)


def pin(call: Call, folder: Path) -> "subprocess.CompletedProcess[str]":
    return call(sys.executable, "release/pin_images.py", REGISTRY, folder)


def write_assets(call: Call, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `release/assets.sh` with this machine's kubectl, if it has one."""
    return call("release/assets.sh", KUBECTL=str(find_kubectl()), **environment)


def read_images(path: Path) -> set[str]:
    executors = next(yaml.safe_load_all(path.read_text("utf-8")))["deploymentSpec"]["executors"]
    return {one["container"]["image"] for one in executors.values()}


def test_the_wheel_of_a_release_names_the_pushed_images(
    checkout: Path, call: Call, reported: Path, tmp_path: Path
) -> None:
    assert pin(call, reported).returncode == 0
    assert call("release/dist.sh", tmp_path / "dist").returncode == 0
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    installed = {"PYTHONPATH": str(tmp_path / "installed")}
    program = "from viewfinder.cli.main import main; main(['compile', '-o', 'p.yaml'])"
    done = call(sys.executable, "-c", program, **installed)
    assert (done.stdout, done.stderr) == ("wrote p.yaml\n", ""), "no warning about the images"
    assert read_images(checkout / "p.yaml") == set(IMAGES.values())
    done = call(
        sys.executable, "-c",
        "from viewfinder_pipelines.kubeflow.reach import require_images\n"
        "from viewfinder_pipelines.pipeline.platform import PlatformSettings\n"
        "from viewfinder_pipelines.pipeline.registry import TRAINING\n"
        "require_images(PlatformSettings(), TRAINING)",
        **installed,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_images_are_pushed_and_pinned_before_the_notebook_server_is_built(
    checkout: Path, call: Call, reported: Path, tmp_path: Path
) -> None:
    done = release_images(checkout, call, reported)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    calls = [line for line in calls if line.startswith("buildx build")]
    pushed = [re.findall(r"--tag (\S+)", line)[0] for line in calls]
    titles = re.findall(r'image.title="(viewfinder/.+)"', (checkout / "Dockerfile").read_text())
    assert {f"ghcr.io/example/{title}:0.2.0" for title in titles} <= set(pushed)
    assert pushed == [
        f"ghcr.io/example/viewfinder/{name}:0.2.0" for name in ("predictor", "steps", "notebook")
    ]
    for line in calls:
        assert "--push" in line
        assert "--platform linux/amd64,linux/arm64" in line
        assert "--sbom=true --provenance=mode=max" in line
        assert "--annotation=index:org.opencontainers.image.source=https://example.com/x" in line
    texts = re.findall(r'image.description="(.+)"', (checkout / "Dockerfile").read_text())
    described = [re.findall(r"image.description=(.+?) --annotation", line)[0] for line in calls]
    assert sorted(described) == sorted(texts)
    assert "@sha256:" not in (tmp_path / "steps.py").read_text()
    assert all(image in (tmp_path / "notebook.py").read_text() for image in IMAGES.values())


def test_each_pushed_image_is_started_on_both_processors(
    checkout: Path, call: Call, reported: Path, tmp_path: Path
) -> None:
    assert release_images(checkout, call, reported).returncode == 0
    started = re.findall(
        r"^run .*--platform (\S+) .* (\S+@\S+)", (tmp_path / "calls").read_text(), re.M
    )
    platforms = ("linux/amd64", "linux/arm64")
    assert started == [(one, image) for image in PUSHED.values() for one in platforms]


def test_an_image_that_does_not_start_is_not_pinned(
    checkout: Path, call: Call, reported: Path
) -> None:
    done = release_images(checkout, call, reported, BROKEN="linux/arm64 --entrypoint viewfinder")
    assert done.returncode != 0
    text = (checkout / "components/viewfinder_components/published_images.py").read_text()
    assert 'PREDICTOR = ""' in text


@pytest.mark.parametrize(
    ("script", "arguments", "missing"),
    [
        ("release/images.sh", ("", "0.2.0"), "REGISTRY="),
        ("release/images.sh", (REGISTRY, ""), "VERSION="),
        ("release/publish.sh", ("",), "VERSION="),
    ],
)
def test_an_empty_variable_of_make_is_refused(
    call: Call, script: str, arguments: tuple[str, ...], missing: str
) -> None:
    done = call(script, *arguments)
    assert done.returncode != 0
    assert re.search(rf"expected the .*, received none; set {missing}", done.stderr)


def test_an_empty_registry_pins_nothing(call: Call, reported: Path) -> None:
    done = call(sys.executable, "release/pin_images.py", "", reported)
    assert (done.returncode, done.stdout) == (1, "")
    assert "received ''; set REGISTRY=" in done.stderr


def test_the_environment_overrides_the_published_image(call: Call, reported: Path) -> None:
    pin(call, reported)
    program = "from viewfinder_components.image import STEPS_IMAGE; print(STEPS_IMAGE)"
    done = call(sys.executable, "-c", program, VIEWFINDER_STEPS_IMAGE="registry.example/steps:1")
    assert done.stdout == "registry.example/steps:1\n"


def test_the_assets_name_the_pushed_images(checkout: Path, call: Call, reported: Path) -> None:
    pin(call, reported)
    (checkout / "viewfinder.toml").write_text('[steps]\nimage = "somebody/steps:1"\n')
    packages = [checkout / "dist" / name for name in ("viewfinder.tar.gz", "viewfinder.whl")]
    packages[0].parent.mkdir()
    for path in packages:
        path.write_text(path.name)
    done = write_assets(call, VIEWFINDER_PREDICTOR_IMAGE="somebody/predictor:1")
    assert done.returncode == 0, done.stderr
    assets = checkout / "build/release/assets"
    names = {path.name for path in assets.iterdir()}
    assert {"pipeline-training.yaml", "component-train.yaml", "SHA256SUMS"} <= names
    assert read_images(assets / "pipeline-training.yaml") == set(IMAGES.values())
    assert read_images(assets / "component-train.yaml") == {IMAGES["steps"]}
    for name in ("manifests-standalone.yaml", "manifests-kserve.yaml"):
        objects = list(yaml.safe_load_all((assets / name).read_text("utf-8")))
        (runtime,) = [one for one in objects if one["metadata"]["name"] == "viewfinder-predictor"
                      and one["kind"] == "ServingRuntime"]  # fmt: skip
        assert runtime["spec"]["containers"][0]["image"] == IMAGES["predictor"]
    for path in packages:  # a release offers them in one place
        path.rename(assets / path.name)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=assets, check=True)
    listed = {line.split()[1] for line in (assets / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in assets.iterdir()} - {"SHA256SUMS"}
    assert not list((checkout / "build").glob("tmp*"))


def test_assets_without_pushed_images_are_refused(call: Call) -> None:
    done = write_assets(call)
    assert done.returncode == 1
    assert "received none none; run make release-images" in done.stderr


def test_assets_without_packages_are_refused(call: Call, reported: Path) -> None:
    pin(call, reported)
    done = write_assets(call)
    assert done.returncode == 1
    assert "expected the packages in dist, received none; run make dist" in done.stderr


@pytest.mark.parametrize("content", ["{}", '{"containerimage.digest": "sha256:abc"}', "", None])
def test_a_digest_that_is_missing(
    checkout: Path, call: Call, reported: Path, content: str | None
) -> None:
    metadata = reported / "steps.json"
    metadata.unlink() if content is None else metadata.write_text(content)
    done = pin(call, reported)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    text = (checkout / "components/viewfinder_components/published_images.py").read_text()
    assert 'PREDICTOR = ""' in text, "all images are pinned, or none"


def test_the_notes_list_the_changes_and_the_images(
    checkout: Path, call: Call, reported: Path
) -> None:
    (checkout / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 0.2.0 - 2026-02-01\n- New.\n\n## 0.1.0 - 2026-01-01\n- Old.\n"
    )
    done = call(sys.executable, "release/notes.py", "0.2.0", REGISTRY, reported)
    assert done.stdout.startswith("- New.\n\n### Images\n")
    assert "Old" not in done.stdout
    assert done.stdout.endswith("".join(f"- `{image}`\n" for image in PUSHED.values()))
    done = call(sys.executable, "release/notes.py", "0.3.0", REGISTRY, reported)
    assert (done.returncode, done.stdout) == (1, "")
