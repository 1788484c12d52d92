from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage import pvc
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.store import open_store
from viewfinder_components.storage.version import Version


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for /mnt/pvc, with the claim `models` in it."""
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(pvc, "MOUNTS", tmp_path)
    return tmp_path


def test_a_claim_is_a_folder_that_kserve_calls_otherwise(mounts: Path) -> None:
    store = open_store("pvc://models/some//where/")
    assert isinstance(store, LocalStore)
    assert store.root == mounts / "models" / "some" / "where"
    version = mounts / "models" / "some" / "where" / "fruit" / "1"
    version.mkdir(parents=True)
    (version / "manifest.json").write_text("{}")
    assert store.versions("fruit") == [Version(1, "pvc://models/some/where/fruit/1")]
    assert store.fetch(store.versions("fruit")[0], mounts) == version


def test_a_claim_that_is_not_mounted_is_named(mounts: Path) -> None:
    with pytest.raises(PermanentError, match=r"claim other mounted at .*mount the claim"):
        open_store("pvc://other/models")


@pytest.mark.parametrize("root", ["pvc://", "pvc://models/../..", "pvc://Models/x", "pvc://../x"])
def test_what_names_no_claim_is_refused(root: str, mounts: Path) -> None:
    with pytest.raises(PermanentError, match="a claim and a path on it"):
        open_store(root)
