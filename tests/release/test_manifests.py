"""An overlay taken from a repository at a tag, as manifests/README.md describes it."""

import re
import subprocess
from pathlib import Path

import yaml
from tests.testbed.programs import find_kubectl

from .conftest import ROOT

PAGE = ROOT / "manifests" / "README.md"
DIGEST = f"sha256:{'a' * 64}"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def test_the_kustomization_in_the_readme(tmp_path: Path, checkout: Path) -> None:
    git(checkout, "init", "--quiet")
    git(checkout, "add", "manifests")
    git(checkout, "commit", "--quiet", "--message", "test")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    (block,) = [block for block in blocks if "?ref=v" in block]
    (tag,) = re.findall(r"\?ref=(\S+)", block)
    git(checkout, "tag", tag)
    text = (
        block.replace("https://github.com/OWNER/REPOSITORY", f"file://{checkout}")
        .replace("NAMESPACE", "shop")
        .replace("OWNER", "example")
        .replace("sha256:DIGEST", DIGEST)
    )
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(text)
    done = subprocess.run(
        [find_kubectl(), "kustomize", folder], check=True, capture_output=True, text=True
    )
    objects = list(yaml.safe_load_all(done.stdout))
    assert {one["metadata"]["namespace"] for one in objects} == {"shop"}
    (image,) = [
        one["spec"]["containers"][0]["image"]
        for one in objects
        if one["metadata"]["name"] == "viewfinder-predictor" and one["kind"] == "ServingRuntime"
    ]
    assert image == f"ghcr.io/example/viewfinder/predictor@{DIGEST}"
    (binding,) = [one for one in objects if one["kind"] == "RoleBinding"]
    assert {one["namespace"] for one in binding["subjects"]} == {"shop"}
