"""`make dist` gives the same bytes wherever and whenever a commit is built."""

import hashlib
import os
import subprocess
from pathlib import Path

from .conftest import Call, copy_checkout


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_two_builds_are_the_same(tmp_path: Path, checkout: Path, call: Call) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert call("release/dist.sh", first, SOURCE_DATE_EPOCH="1700000000").returncode == 0
    for path in checkout.rglob("*"):  # as another machine's clone: other times, other permissions
        if path.is_file():
            os.utime(path, (1, 1))
            path.chmod(0o755 if os.access(path, os.X_OK) else 0o600)
    done = call(
        "bash", "-c", f"umask 077; release/dist.sh {second}", SOURCE_DATE_EPOCH="1700000000"
    )
    assert done.returncode == 0, done.stderr
    assert digests(first) == digests(second)
    assert sorted(path.suffix for path in first.iterdir()) == [".gz", ".whl"]


def test_the_date_is_the_commits(tmp_path: Path, call: Call) -> None:
    """Two clones of one commit, without SOURCE_DATE_EPOCH, and a commit of another date."""
    found = {}
    for name, date in (("a", "1700000000"), ("b", "1700000000"), ("c", "1800000000")):
        clone = copy_checkout(tmp_path / name / "clone")
        git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com"]
        when = {"GIT_COMMITTER_DATE": f"@{date}", "GIT_AUTHOR_DATE": f"@{date}"}
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "test"]):
            subprocess.run([*git, *command], cwd=clone, check=True, env=os.environ | when)
        done = call(clone / "release/dist.sh", tmp_path / name / "dist")
        assert done.returncode == 0, done.stderr
        found[name] = digests(tmp_path / name / "dist")
    assert found["a"] == found["b"]
    assert found["a"] != found["c"]
