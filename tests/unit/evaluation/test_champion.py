import json
import logging
from pathlib import Path

import numpy as np
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.champion import Champion, find_champion, score_champion
from viewfinder_components.formats.shards import Shards

LABELS = ["apple", "banana", "cherry"]
MAX_PIXELS = 10_000


def score(world) -> Champion:
    version = find_champion(str(world.published), "classifier")
    assert version is not None
    shards = Shards.open(world.shards)
    return score_champion(version, str(world.published), shards, shards.split("test"), MAX_PIXELS)


@pytest.fixture
def photos(world):
    world.add_photos(LABELS, [6, 5, 4])
    return world


def test_before_the_first_version_there_is_none(world) -> None:
    assert find_champion(str(world.published), "classifier") is None


def test_the_newest_version_is_the_champion(photos) -> None:
    for number in (2, 10, 9):
        photos.publish(number, LABELS)
    found = score(photos)
    assert (found.number, found.problem, found.notes) == (10, None, ())
    assert found.correct.all()
    assert found.scored.all()


def test_a_resumed_run_is_not_compared_with_its_own_version(world) -> None:
    made_by(world, 1, "other")
    made_by(world, 2, "mine")
    root = str(world.published)
    assert find_champion(root, "classifier", "mine").number == 1
    assert find_champion(root, "classifier", "a third").number == 2
    assert find_champion(root, "classifier", "").number == 2
    made_by(world, 3, "a third")  # published in the meantime
    assert find_champion(root, "classifier", "mine").number == 3


def test_without_other_versions_a_resumed_run_has_no_champion(world) -> None:
    made_by(world, 1, "mine")
    assert find_champion(str(world.published), "classifier", "mine") is None


def made_by(world, number: int, run_id: str) -> None:
    folder = world.publish(number, LABELS)
    (folder / "manifest.json").write_text(json.dumps({"files": {}, "run_id": run_id}))


def test_a_root_that_publish_cannot_write_to_is_an_error() -> None:
    with pytest.raises(PermanentError, match="model root"):
        find_champion("ftp://somewhere", "classifier")


def test_another_photo_size_decodes_the_originals_again(photos) -> None:
    photos.publish(1, LABELS, size=16)
    found = score(photos)
    assert found.correct.all()
    assert found.notes == ("It was shown the photos at 16 x 16 pixels, the new model at 32 x 32.",)


def test_photos_that_are_gone_or_changed_are_left_out(photos) -> None:
    photos.publish(1, LABELS, size=16)
    uris = Shards.open(photos.shards).split("test").photos["uri"].to_pylist()
    Path(uris[0]).unlink()
    Path(uris[3]).write_bytes(Path(uris[4]).read_bytes() + b"more")
    found = score(photos)
    assert np.flatnonzero(~found.scored).tolist() == [0, 3]
    assert found.correct[found.scored].all()
    assert not found.correct[~found.scored].any()
    assert "2 of 15 photos could not be read again" in found.notes[-1]


def test_without_any_original_it_cannot_be_scored(photos) -> None:
    photos.publish(1, LABELS, size=16)
    for uri in Shards.open(photos.shards).split("test").photos["uri"].to_pylist():
        Path(uri).unlink()
    found = score(photos)
    assert found.correct is None
    assert "test photos that can be read again" in found.problem


def test_a_class_it_does_not_know_counts_as_its_mistakes(photos) -> None:
    photos.publish(1, LABELS[:2])
    found = score(photos)
    split = Shards.open(photos.shards).split("test")
    assert found.correct.tolist() == (split.labels != 2).tolist()
    assert found.notes == (
        "It does not know 1 class of the data (cherry): the 4 of 15 test photos of them count as "
        "mistakes.",
    )


def test_labels_are_matched_by_name_not_by_place(photos) -> None:
    folder = photos.publish(1, LABELS)
    (folder / "labels.json").write_text(json.dumps(["banana", "apple", "kiwi"]))
    found = score(photos)
    assert not found.correct.any()
    assert "kiwi" in found.notes[1]


def test_other_training_data_is_mentioned(photos) -> None:
    folder = photos.publish(1, LABELS)
    (folder / "manifest.json").write_text(json.dumps({"data_digest": "other"}))
    assert "was trained on different data" in score(photos).notes[0]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.xml", b""),
        ("model.xml", b"<net/>"),
        ("model.bin", b"short"),
        ("labels.json", b"{not json"),
        ("labels.json", b'{"a": 1}'),
        ("labels.json", b'["one"]'),
        ("labels.json", b"\xff\xfe"),
    ],
)
def test_a_broken_version_is_a_problem_not_an_error(photos, caplog, name, content) -> None:
    (photos.publish(4, LABELS) / name).write_bytes(content)
    with caplog.at_level(logging.ERROR):
        found = score(photos)
    assert found.correct is None
    assert found.problem
    assert "version 4" in caplog.text


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "labels.json"])
def test_a_version_that_lacks_a_file_is_a_problem(photos, name) -> None:
    (photos.publish(4, LABELS) / name).unlink()
    assert score(photos).problem
