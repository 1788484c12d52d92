"""Many publishers at once, and publishers that are killed: real processes, real stores."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage import bucket_removal
from viewfinder_components.storage.bucket_publishing import Publication
from viewfinder_components.storage.bucket_store import BucketStore
from viewfinder_components.storage.bucket_survey import Survey, survey
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.contents import Contents
from viewfinder_components.storage.store import open_store

MakeServable = Callable[..., Path]

# Publishes every servable named on the command line once its standard input says so.
_PUBLISHER = """
import sys
from pathlib import Path
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.store import open_store
root, *servables = sys.argv[1:]
open_store(root).versions("fruit")  # connects, which takes most of the time
print("ready", flush=True)
sys.stdin.readline()
for servable in map(Path, servables):
    print(publish_version(servable, PublishConfig(root, "fruit", servable.name)).number)
"""


def store_of(root: str) -> BucketStore:
    store = open_store(root)
    assert isinstance(store, BucketStore)
    return store


def publish(root: str, servable: Path) -> int:
    return publish_version(servable, PublishConfig(root, "fruit", servable.name)).number


def survey_of(root: str) -> Survey:
    store = store_of(root)
    return survey(store.client, store.root.below("fruit"))


def start(root: str, servables: Iterable[Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PUBLISHER, root, *servables],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(publisher: subprocess.Popen[str]) -> None:
    assert publisher.stdin is not None
    publisher.stdin.write("\n")
    publisher.stdin.flush()


def wait_until_ready(publisher: subprocess.Popen[str]) -> None:
    assert publisher.stdout is not None
    assert publisher.stdout.readline() == "ready\n"


def publish_at_once(root: str, groups: Iterable[list[Path]]) -> list[int]:
    """Let one process a group publish, all beginning at the same moment; return the numbers."""
    publishers = [start(root, servables) for servables in groups]
    for publisher in publishers:
        wait_until_ready(publisher)
    for publisher in publishers:
        go(publisher)
    outputs = [publisher.communicate()[0] for publisher in publishers]
    assert [publisher.returncode for publisher in publishers] == [0] * len(publishers)
    return [int(number) for output in outputs for number in output.split()]


def assert_all_whole(root: str, cache: Path) -> int:
    """Read every version as a user would, and the listing of its files; return how many."""
    store = store_of(root)
    versions = store.versions("fruit")
    for version in versions:
        assert not Contents.read(store.fetch(version, cache)).differences()
    return len(versions)


@pytest.mark.slow
def test_publishers_at_the_same_moment_each_make_versions_of_their_own(
    root: str, tmp_path: Path, make_servable: MakeServable
) -> None:
    groups = [[make_servable(f"run-{one}-{turn}") for turn in range(2)] for one in range(8)]
    numbers = publish_at_once(root, groups)
    assert sorted(numbers) == list(range(1, 17))
    assert assert_all_whole(root, tmp_path / "cache") == 16
    assert sorted(survey_of(root).numbers) == list(range(1, 17))


@pytest.mark.slow
def test_the_same_servable_at_the_same_moment_is_one_version(
    root: str, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1", b"w" * 500_000)
    assert publish_at_once(root, [[servable]] * 4) == [1] * 4
    assert survey_of(root).complete == [1]


def test_a_run_that_exports_its_model_again_publishes_nothing_new(
    root: str, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1")
    assert publish(root, servable) == 1
    manifest = servable / "manifest.json"
    manifest.write_text(manifest.read_text().replace("{", '{"created": "later", ', 1))
    assert publish(root, servable) == 1
    assert survey_of(root).complete == [1]


@pytest.mark.slow
def test_a_kill_at_any_instant_leaves_no_half_written_version(
    root: str, tmp_path: Path, make_servable: MakeServable
) -> None:
    instant = random.Random(0)  # noqa: S311  (no secret)
    cut_off, publishers = 0, []
    for turn in range(16):
        servables = [make_servable(f"run-{turn}-{part}", b"w" * 2_000_000) for part in range(3)]
        publishers.append(start(root, servables))
        if len(publishers) < 4:  # they start while others are killed, and live beside them
            continue
        publisher = publishers.pop(0)
        wait_until_ready(publisher)
        go(publisher)
        time.sleep(instant.uniform(0, 0.25))
        publisher.send_signal(signal.SIGKILL)
        publisher.communicate()
        cut_off += bool(list(survey_of(root).unfinished()))
        assert_all_whole(root, tmp_path / "cache")
    for publisher in publishers:
        publisher.kill()
        publisher.communicate()
    assert cut_off > 3  # or the kills came at moments that prove nothing
    found = survey_of(root)
    (number,) = publish_at_once(root, [[make_servable("last")]])
    assert number == max(found.numbers) + 1
    assert assert_all_whole(root, tmp_path / "cache") == len(found.complete) + 1


def leave_half(root: str, servable: Path, number: int = 1) -> None:
    """Leave what a publisher leaves that is killed before the manifest."""
    client, folder = store_of(root).client, store_of(root).root.below("fruit")
    files = Contents.read(servable)
    digest = digest_file(servable / "manifest.json")
    client.create(folder.below(f".claims/{number}").key, digest.encode())
    for name in ("labels.json", "model.bin"):
        client.upload(folder.below(f"{number}/{name}").key, servable / name, files.promised[name])


def test_the_retry_of_a_killed_publisher_completes_its_version(
    root: str, tmp_path: Path, make_servable: MakeServable
) -> None:
    leave_half(root, make_servable("run-1"))
    assert store_of(root).versions("fruit") == []
    assert publish(root, make_servable("run-1")) == 1
    assert assert_all_whole(root, tmp_path) == 1


def test_other_files_leave_a_killed_publishers_number_alone(
    root: str, make_servable: MakeServable
) -> None:
    leave_half(root, make_servable("run-1"))
    assert publish(root, make_servable("run-2")) == 2
    # Version 2 is newer than what was begun before it, so that is not taken up any more.
    assert publish(root, make_servable("run-1")) == 3
    assert [version.number for version in store_of(root).versions("fruit")] == [2, 3]


def test_a_half_version_with_a_damaged_file_is_not_taken_up(
    root: str, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1")
    leave_half(root, servable)
    store = store_of(root)
    key = store.root.below("fruit/1/model.bin").key
    store.client.delete(key)
    store.client.create(key, b"WEIGHTS")
    assert publish(root, servable) == 2


def test_a_dead_publishers_leftovers_go_after_a_day(
    root: str, make_servable: MakeServable, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_half(root, make_servable("run-1"))
    assert publish(root, make_servable("run-2")) == 2
    assert survey_of(root).numbers[1].files.keys() == {"labels.json", "model.bin"}
    monkeypatch.setattr(bucket_removal, "_DEAD_AFTER", timedelta(0))
    assert publish(root, make_servable("run-3")) == 3
    assert survey_of(root).numbers[1].files == {"manifest.json": 0}
    assert [version.number for version in store_of(root).versions("fruit")] == [2, 3]


def test_a_publisher_that_was_taken_for_dead_begins_again(
    root: str, make_servable: MakeServable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The cleaner comes between a publisher's last look and its manifest."""
    look = Publication._need

    def look_and_sleep(self: Publication, number: int, names: Iterable[str]) -> None:
        look(self, number, names)
        if number == 1:
            monkeypatch.setattr(bucket_removal, "_DEAD_AFTER", timedelta(0))
            bucket_removal.clear_dead(self.client, self.folder, survey(self.client, self.folder))

    monkeypatch.setattr(Publication, "_need", look_and_sleep)
    assert publish(root, make_servable("run-1")) == 2
    assert assert_all_whole(root, tmp_path) == 1


def test_a_store_without_conditional_writes_is_refused(
    root: str, make_servable: MakeServable, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_type = type(store_of(root).client)
    create = client_type.create

    def create_or_write_over(self: object, name: str, content: bytes) -> None:
        store_of(root).client.delete(name)
        create(self, name, content)

    monkeypatch.setattr(client_type, "create", create_or_write_over)
    with pytest.raises(PermanentError, match="honours conditional writes"):
        publish(root, make_servable("run-1"))
