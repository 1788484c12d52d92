"""Old versions go: whole, and never what is served or somebody else's; on a disk and in buckets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.bucket_store import BucketStore
from viewfinder_components.storage.bucket_survey import survey
from viewfinder_components.storage.objects import ObjectError
from viewfinder_components.storage.retention import RetentionRule, prune_versions
from viewfinder_components.storage.store import open_store

MakeServable = Callable[..., Path]


@pytest.fixture(params=["disk", "s3_bucket", "gs_bucket"])
def model_root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty model root, on a disk and in a bucket of each store."""
    if request.param == "disk":
        return str(tmp_path / "root")
    return f"{request.getfixturevalue(request.param)}/models"


def publish(root: str, make_servable: MakeServable, count: int) -> None:
    for number in range(1, count + 1):
        servable = make_servable(f"run-{number}")
        publish_version(servable, PublishConfig(root, "fruit", servable.name))


def numbers(root: str) -> list[int]:
    return [version.number for version in open_store(root).versions("fruit")]


def test_the_newest_stay_and_what_is_served(model_root: str, make_servable: MakeServable) -> None:
    publish(model_root, make_servable, 6)
    rule = RetentionRule(keep=2, served=frozenset({"1", f"{model_root}/fruit/3/", "s3://x/pear/2"}))
    planned = prune_versions(model_root, "fruit", rule, dry_run=True)
    assert [version.number for version in planned.removed] == [2, 4]
    assert numbers(model_root) == [1, 2, 3, 4, 5, 6]
    done = prune_versions(model_root, "fruit", rule)
    assert done == planned
    assert numbers(model_root) == [1, 3, 5, 6]
    assert [version.number for version in done.kept] == [1, 3, 5, 6]
    assert prune_versions(model_root, "fruit", rule).removed == ()


def test_numbers_of_removed_versions_are_not_given_again(
    model_root: str, make_servable: MakeServable
) -> None:
    publish(model_root, make_servable, 3)
    prune_versions(model_root, "fruit", RetentionRule(keep=1))
    servable = make_servable("run-1")  # published before, and removed
    again = publish_version(servable, PublishConfig(model_root, "fruit", "run-1"))
    assert (again.number, again.reused) == (4, False)
    assert numbers(model_root) == [3, 4]


def test_what_another_program_put_there_stays(model_root: str, make_servable: MakeServable) -> None:
    publish(model_root, make_servable, 3)
    put(model_root, "fruit/1/notes.txt", b"mine")
    put(model_root, "fruit/2/extra/model.bin", b"mine too")
    done = prune_versions(model_root, "fruit", RetentionRule(keep=1))
    assert done.removed == ()
    assert [(version.number, reason) for version, reason in done.unmanaged.items()] == [
        (1, "it contains files of another program: notes.txt"),
        (2, "it contains files of another program: extra/model.bin"),
    ]
    assert numbers(model_root) == [1, 2, 3]


def put(root: str, name: str, content: bytes) -> None:
    store = open_store(root)
    if isinstance(store, BucketStore):
        store.client.create(store.root.below(name).key, content)
        return
    path = Path(root, name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def test_a_copied_version_in_a_bucket_is_not_ours(root: str, make_servable: MakeServable) -> None:
    publish(root, make_servable, 1)
    servable = make_servable("copied")
    for path in servable.rglob("*"):
        if path.is_file():
            put(root, f"fruit/7/{path.relative_to(servable)}", path.read_bytes())
    make_servable("run-8")
    publish_version(make_servable("run-8"), PublishConfig(root, "fruit", "run-8"))
    assert numbers(root) == [1, 7, 8]
    done = prune_versions(root, "fruit", RetentionRule(keep=1))
    assert [version.number for version in done.removed] == [1]
    assert list(done.unmanaged.values()) == ["it was created by another program"]


def test_a_removal_that_is_cut_off_leaves_no_half_version(
    root: str, make_servable: MakeServable, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(root, make_servable, 2)
    store = open_store(root)
    assert isinstance(store, BucketStore)
    delete, calls = type(store.client).delete, 0

    def delete_once(self: object, name: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ObjectError("forbidden", "delete", "cut off")
        delete(self, name)

    monkeypatch.setattr(type(store.client), "delete", delete_once)
    with pytest.raises(PermanentError, match=r"s3:DeleteObject|storage\.objects\.delete"):
        prune_versions(root, "fruit", RetentionRule(keep=1))
    assert numbers(root) == [2]
    left = survey(store.client, store.root.below("fruit")).numbers[1]
    assert left.files.keys() == {
        "labels.json", "model.bin", "saved_model.pb", "variables/variables.index",
    }  # fmt: skip


@pytest.mark.parametrize("served", ["", "latest", "s3://bucket/models/fruit", "0", "1.5"])
def test_nothing_goes_while_it_is_unclear_what_is_served(served: str) -> None:
    with pytest.raises(PermanentError, match="numbers or URIs of the versions"):
        RetentionRule(keep=1, served=frozenset({served}))


def test_the_newest_version_always_stays() -> None:
    with pytest.raises(PermanentError, match="keep to be a whole number of at least 1"):
        RetentionRule(keep=0)
