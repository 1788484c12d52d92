"""Removing old versions of a model root on a disk, beside others who do the same."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_components.storage import retention
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.retention import Pruning, RetentionRule, prune_versions
from viewfinder_components.storage.version import Version


@pytest.fixture
def fill(tmp_path: Path, make_servable: Callable[..., Path]) -> Callable[[int], LocalStore]:
    def fill(count: int) -> LocalStore:
        store = LocalStore(tmp_path / "root")
        for number in range(count):
            servable = make_servable(f"run-{number}")
            names = json.loads((servable / "manifest.json").read_text())["files"]
            files = {name: entry["sha256"] for name, entry in names.items()}
            files["manifest.json"] = hashlib.sha256(
                (servable / "manifest.json").read_bytes()
            ).hexdigest()
            store.add("fruit", servable, files)
        return store

    return fill


@dataclass(frozen=True)
class Overtaken(LocalStore):
    """A model root in which somebody else removes a version just before it is looked at."""

    at: str = ""

    def reason_to_keep(self, model: str, version: Version) -> str:
        if self.at == "reason_to_keep":
            LocalStore(self.root).remove(model, version)
        return super().reason_to_keep(model, version)

    def remove(self, model: str, version: Version) -> None:
        LocalStore(self.root).remove(model, version)
        if self.at == "remove":
            raise TransientError("the version", "No such file or directory", "try again")


@pytest.mark.parametrize("at", ["reason_to_keep", "remove"])
def test_a_version_that_another_prune_removes_is_no_error(
    fill: Callable[[int], LocalStore], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    store = fill(4)
    monkeypatch.setattr(retention, "open_store", lambda root: Overtaken(store.root, at=at))
    done = prune_versions(str(store.root), "fruit", RetentionRule(keep=2))
    assert [version.number for version in done.kept] == [3, 4]
    assert (done.removed, done.unmanaged) == ((), {})
    assert [version.number for version in store.versions("fruit")] == [3, 4]


def test_prunes_at_the_same_moment(fill: Callable[[int], LocalStore]) -> None:
    store = fill(40)

    def prune(_: int) -> Pruning:
        return prune_versions(str(store.root), "fruit", RetentionRule(keep=2))

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(prune, range(4)))
    removed = sorted(version.number for pruning in done for version in pruning.removed)
    assert removed == list(range(1, 39))
    assert [pruning.unmanaged for pruning in done] == [{}] * 4
    assert not [path for path in (store.root / "fruit").iterdir() if path.name[:2] == ".s"]


def test_what_cannot_be_removed_and_stays_is_an_error(
    fill: Callable[[int], LocalStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = fill(3)

    def refuse(self: LocalStore, model: str, version: Version) -> None:
        raise PermanentError("permission", "none", "ask for it")

    monkeypatch.setattr(LocalStore, "remove", refuse)
    with pytest.raises(PermanentError, match="ask for it"):
        prune_versions(str(store.root), "fruit", RetentionRule(keep=2))
