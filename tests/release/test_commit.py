"""Only a commit that was merged is released."""

import subprocess
from pathlib import Path

import pytest

from .conftest import Call


@pytest.fixture
def clone(checkout: Path) -> Path:
    """A clone whose remote main is its first commit."""
    git(checkout, "init", "--quiet")
    commit(checkout)
    git(checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    return checkout


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def commit(folder: Path) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "test")


def check(call: Call, branch: str = "origin/main") -> "subprocess.CompletedProcess[str]":
    return call("release/check_commit.sh", branch)


def test_a_commit_of_main_and_one_before_it(clone: Path, call: Call) -> None:
    assert check(call).returncode == 0
    commit(clone)
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(clone, "checkout", "--quiet", "HEAD^")
    assert check(call).returncode == 0


def test_a_commit_that_was_not_merged(clone: Path, call: Call) -> None:
    commit(clone)
    done = check(call)
    assert done.returncode == 1
    assert "expected a commit of origin/main, received" in done.stderr


@pytest.mark.usefixtures("clone")
def test_a_clone_without_the_branch(call: Call) -> None:
    done = check(call, "origin/other")
    assert done.returncode == 1
    assert "expected the branch origin/other in this clone, received none" in done.stderr
