"""What `make release-publish` hands to GitHub, with a program in the place of `gh` that says it."""

import os
from pathlib import Path

import pytest

from .conftest import Call


@pytest.mark.parametrize(("version", "is_early"), [("0.2.0", False), ("0.2.0rc1", True)])
def test_the_release_has_the_files(
    checkout: Path, call: Call, tmp_path: Path, version: str, is_early: bool
) -> None:
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor argument do echo "$argument"; done\n')
    program.chmod(0o755)
    files = [
        "build/release/assets/SHA256SUMS",
        "build/release/assets/pipeline-training.yaml",
        "dist/viewfinder.whl",
    ]
    for name in files:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    done = call("release/publish.sh", version, PATH=path)
    arguments = done.stdout.splitlines()
    assert arguments[:4] == ["release", "create", f"v{version}", "--verify-tag"]
    assert arguments[-len(files) :] == files
    assert ("--prerelease" in arguments) == is_early
