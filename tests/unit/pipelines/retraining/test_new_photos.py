"""When new photos start a run."""

import os
from pathlib import Path

import pytest
from tests.unit.pipelines.retraining.conftest import Bench

from viewfinder_components.errors import PermanentError
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.retraining.new_photos import PhotoWatch, list_now
from viewfinder_pipelines.retraining.receiver import Receiver
from viewfinder_pipelines.settings.retraining import RetrainingSettings

SETTINGS = RetrainingSettings(new_photos=3, quiet_seconds=600)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    add(folder, "cat", 5)
    add(folder, "dog", 5)
    return folder


def add(folder: Path, label: str, count: int, prefix: str = "old") -> None:
    (folder / label).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / label / f"{prefix}-{number}.jpg").write_bytes(b"photo")


def watch(bench: Bench, photos: Path, receiver: Receiver) -> PhotoWatch:
    source = (str(photos), "auto")
    folder, clock = bench.folder.path, lambda: bench.now
    return PhotoWatch("fruit", SETTINGS, folder, source, receiver, bench.figures, clock)


def end(bench: Bench, receiver: Receiver) -> None:
    receiver.work()
    bench.runner.states = {f"id-{name}": "succeeded" for name in bench.runner.started}
    receiver.work()


def test_enough_new_photos_start_a_run_once_they_are_quiet(bench: Bench, photos: Path) -> None:
    receiver = bench.restart()
    watching = watch(bench, photos, receiver)
    assert watching.look() is None, "the photos that are there first are not new"
    add(photos, "cat", 2, "new")
    bench.now += 3600
    assert watching.look() is None
    assert bench.count("viewfinder_retraining_new_photos", model="fruit") == 2
    bench.now += 3600
    assert watching.look() is None, "too few, however quiet"
    add(photos, "dog", 1, "new")
    assert watching.look() is None, "they may be part of an upload"
    bench.now += 599
    assert watching.look() is None
    bench.now += 1
    name = watching.look()
    assert name
    assert watching.look() is None, "one run at a time"
    receiver.work()
    reason = RunReason.parse(bench.runner.started[name]["reason"])
    assert (reason.kind, reason.photos) == ("data", 3)
    assert reason.since.startswith("2027-01-15T08:00:00")


def test_an_upload_in_progress_starts_nothing(bench: Bench, photos: Path) -> None:
    watching = watch(bench, photos, bench.restart())
    watching.look()
    for number in range(20):
        add(photos, "cat", 1, f"upload-{number}")
        bench.now += 300
        assert watching.look() is None
    os.utime(photos / "cat/upload-0-0.jpg", (1, 1))  # written anew
    bench.now += 300
    assert watching.look() is None
    bench.now += 600
    assert watching.look()


def test_after_a_run_only_later_photos_are_new(bench: Bench, photos: Path) -> None:
    receiver = bench.restart()
    watching = watch(bench, photos, receiver)
    watching.look()
    add(photos, "cat", 3, "new")
    watching.look()
    bench.now += 600
    assert watching.look()
    end(bench, receiver)
    bench.now += 86400
    assert watching.look() is None
    assert bench.count("viewfinder_retraining_new_photos", model="fruit") == 0
    add(photos, "dog", 3, "newer")
    watching.look()
    bench.now += 600
    assert watching.look()


def test_a_run_that_did_not_start_leaves_the_photos_new(bench: Bench, photos: Path) -> None:
    receiver = bench.restart()
    watching = watch(bench, photos, receiver)
    watching.look()
    add(photos, "cat", 3, "new")
    watching.look()
    bench.now += 600
    assert watching.look()
    bench.runner.error = PermanentError("a", "b", "c")
    receiver.work()
    assert watching.look(), "it is tried again"


def test_a_restart_forgets_nothing(bench: Bench, photos: Path) -> None:
    watch(bench, photos, bench.restart()).look()
    add(photos, "cat", 3, "new")
    watch(bench, photos, bench.restart()).look()
    bench.now += 600
    receiver = bench.restart()
    assert watch(bench, photos, receiver).look()
    end(bench, receiver)
    bench.now += 86400
    assert watch(bench, photos, bench.restart()).look() is None


def test_another_label_makes_a_photo_new(bench: Bench, photos: Path) -> None:
    watching = watch(bench, photos, bench.restart())
    watching.look()
    for number in range(3):
        (photos / "cat" / f"old-{number}.jpg").rename(photos / "dog" / f"moved-{number}.jpg")
    watching.look()
    bench.now += 600
    assert watching.look()


def test_removed_photos_make_no_others_new(bench: Bench, photos: Path) -> None:
    watching = watch(bench, photos, bench.restart())
    watching.look()
    for path in photos.glob("cat/*.jpg"):
        path.unlink()
    add(photos, "dog", 2, "new")
    watching.look()
    bench.now += 600
    assert watching.look() is None


def test_files_that_are_no_labelled_photos_do_not_count(photos: Path) -> None:
    (photos / "cat" / "notes.txt").write_text("no photo")
    (photos / "beside.jpg").write_bytes(b"no label")
    assert len(list_now(str(photos), "class").photos) == 10


def test_photos_that_cannot_be_listed_are_told(bench: Bench, tmp_path: Path) -> None:
    watching = watch(bench, tmp_path / "missing", bench.restart())
    with pytest.raises(PermanentError):
        watching.look()
    assert bench.count("viewfinder_retraining_failures_total", model="fruit", kind="list") == 1


def test_a_clock_that_is_set_back_starts_the_wait_anew(bench: Bench, photos: Path) -> None:
    watching = watch(bench, photos, bench.restart())
    watching.look()
    add(photos, "cat", 3, "new")
    bench.now += 365 * 86_400
    assert watching.look() is None
    bench.now -= 365 * 86_400
    assert watching.look() is None
    bench.now += 600
    assert watching.look()


def test_a_list_that_cannot_be_read_says_so(bench: Bench, photos: Path) -> None:
    watching = watch(bench, photos, bench.restart())
    (bench.folder.path / "fruit.photos").mkdir(parents=True)
    with pytest.raises(PermanentError, match="or delete it"):
        watching.look()


def test_a_damaged_list_starts_no_run(bench: Bench, photos: Path) -> None:
    watching = watch(bench, photos, bench.restart())
    watching.look()
    file = bench.folder.path / "fruit.photos"
    file.write_bytes(file.read_bytes()[:3])
    bench.now += 7200
    assert watching.look() is None
    assert bench.count("viewfinder_retraining_new_photos", model="fruit") == 0
