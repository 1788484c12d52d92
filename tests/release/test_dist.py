"""`make dist` gives the same bytes wherever and whenever a commit is built."""

import hashlib
import os
import subprocess
import tarfile
import zipfile
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


def test_the_packages_hold_the_code_and_nothing_else(
    tmp_path: Path, checkout: Path, call: Call
) -> None:
    """A tool's cache, a note beside the code: neither belongs into a package."""
    for name in (".grimp_cache/graph", "notes.txt"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).touch()
    assert call("release/dist.sh", tmp_path).returncode == 0
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.split("/")[1] for name in archive.getnames()}
        (about,) = [name for name in archive.getnames() if name.endswith("PKG-INFO")]
        file = archive.extractfile(about)
        assert file
        text = file.read()
    documents = {"README.md", "LICENSE", "CHANGELOG.md"}
    assert names - {".gitignore"} == documents | {
        "components", "pipelines", "pyproject.toml", "PKG-INFO",
    }  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (about,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        for metadata in (text, archive.read(about)):
            assert metadata.startswith(b"Metadata-Version: 2.4\n")  # PyPI's tools refused 2.5


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
