from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.storage.local_store import LocalStore
from viewfinder_components.storage.store import open_store


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("/srv/models", "/srv/models"),
        ("file:///srv/models", "/srv/models"),
        ("FILE:///srv/models", "/srv/models"),
        ("file://localhost/srv/models", "/srv/models"),
        ("file:/srv/models", "/srv/models"),
        ("file:///srv/my models/100%25", "/srv/my models/100%25"),
        ("/srv/a:b", "/srv/a:b"),
    ],
)
def test_paths_and_file_uris_are_on_the_disk(root: str, path: str) -> None:
    assert open_store(root) == LocalStore(Path(path))


def test_relative_paths_and_the_home_become_absolute() -> None:
    assert open_store("models") == LocalStore(Path.cwd() / "models")
    assert open_store("~/models") == LocalStore(Path.home() / "models")


@pytest.mark.parametrize("root", ["hdfs://a/b", "https://host/models", "gcs://bucket"])
def test_other_schemes_say_which_ones_work(root: str) -> None:
    with pytest.raises(PermanentError, match=r"path, file:///path, gs://.*is not supported"):
        open_store(root)


@pytest.mark.parametrize("root", ["", "  ", "/a\0b", "file://models/x", "file://"])
def test_what_names_no_place_is_refused(root: str) -> None:
    with pytest.raises(PermanentError, match="expected a"):
        open_store(root)
