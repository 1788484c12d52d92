"""Every file names one version; `make release-check` finds those that do not."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .conftest import ROOT, Call

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

WRITTEN_BY_HAND = ("CHANGELOG.md", ".github/CODEOWNERS")


def check(call: Call, version: str) -> "subprocess.CompletedProcess[str]":
    return call(sys.executable, "release/versions.py", version)


def describe(checkout: Path, version: str) -> None:
    """Do what a person does before a release: a heading in the changelog, the code owners."""
    owners = checkout / ".github" / "CODEOWNERS"
    owners.write_text(owners.read_text("utf-8").replace("@OWNER", "@example"), "utf-8")
    path = checkout / "CHANGELOG.md"
    path.write_text(
        f"# Changelog\n\n## {version} - 2026-01-01\n### Added\n- A pipeline.\n", "utf-8"
    )


def test_until_a_release_only_what_a_person_writes_is_missing(call: Call) -> None:
    told = check(call, VERSION).stdout
    named = {line.partition(":")[0] for line in told.splitlines()}
    assert told == f"every file names version {VERSION}\n" or named <= set(WRITTEN_BY_HAND)


def test_a_checkout_that_can_be_released(checkout: Path, call: Call) -> None:
    describe(checkout, VERSION)
    done = check(call, VERSION)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("pyproject.toml", f'version = "{VERSION}"', 'version = "9.0.0"'),
        ("Makefile", f"TAG ?= {VERSION}", "TAG ?= 9.0.0"),
        ("Makefile", f"TAG ?= {VERSION}", "TAG ?= latest"),
        ("manifests/base/servingruntime-predictor.yaml", f"predictor:{VERSION}", "predictor:9.0.0"),
        ("manifests/README.md", f"newTag: {VERSION}", "newTag: 9.0.0"),
        ("manifests/README.md", f"?ref=v{VERSION}", "?ref=v9.0.0"),
        ("docs/viewfinder.toml", f"steps:{VERSION}", "steps:9.0.0"),
        ("docs/kubeflow.md", f"TAG={VERSION}", "TAG=9.0.0"),
        ("docs/notebook-server.md", f"viewfinder-{VERSION}/", "viewfinder-9.0.0/"),
        ("tests/contract/golden/training.yaml", f"steps:{VERSION}", "steps:9.0.0"),
        (".github/CODEOWNERS", "@example", "@OWNER"),
        ("CHANGELOG.md", f"## {VERSION} -", f"## Unreleased\n\n## {VERSION} -"),
        ("CHANGELOG.md", f"{VERSION} - 2026-01-01", "9.0.0 - 2026-01-01"),
        ("CHANGELOG.md", f"{VERSION} - 2026-01-01", VERSION),
        (
            "components/viewfinder_components/published_images.py",
            'STEPS = ""', 'STEPS = "ghcr.io/example/viewfinder/steps@sha256:0"',
        ),
    ],
)  # fmt: skip
def test_a_file_that_disagrees(checkout: Path, call: Call, name: str, old: str, new: str) -> None:
    describe(checkout, VERSION)
    path = checkout / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    done = check(call, VERSION)
    assert done.returncode == 1
    assert done.stdout.startswith(name)


def test_a_version_is_set_wherever_it_is_named(checkout: Path, call: Call) -> None:
    done = call(sys.executable, "release/versions.py", "9.0.0", "--set")
    assert done.returncode == 0, done.stderr
    done = check(call, "9.0.0")
    named = {line.partition(":")[0] for line in done.stdout.splitlines()}
    assert "CHANGELOG.md" in named <= set(WRITTEN_BY_HAND)
    describe(checkout, "9.0.0")
    assert check(call, "9.0.0").returncode == 0
    changed = (checkout / "pyproject.toml").read_text("utf-8").splitlines()
    before = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    assert [new for new, old in zip(changed, before, strict=True) if new != old] == [
        'version = "9.0.0"'
    ]


@pytest.mark.parametrize("version", ["9.0.0", "9.0.0rc1"])
def test_the_full_stop_after_a_version_is_not_part_of_it(
    checkout: Path, call: Call, version: str
) -> None:
    path = checkout / "README.md"
    path.write_text(f"Pull `viewfinder/steps:{VERSION}`, then viewfinder/notebook:{VERSION}.\n")
    call(sys.executable, "release/versions.py", version, "--set")
    named = f"Pull `viewfinder/steps:{version}`, then viewfinder/notebook:{version}.\n"
    assert path.read_text() == named
    assert "README.md" not in check(call, version).stdout


@pytest.mark.parametrize("version", ["v0.1.0", "0.1", "", "0.1.0-beta"])
def test_what_is_no_version(call: Call, version: str) -> None:
    done = check(call, version)
    assert done.returncode == 2
    assert f"received '{version}'" in done.stdout
