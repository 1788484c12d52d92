"""Many publishers at once, and publishers that are killed: real processes on a real disk."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from viewfinder_components.storage.contents import Contents
from viewfinder_components.storage.store import open_store

MakeServable = Callable[..., Path]

# Publishes every servable named on the command line once its standard input says so.
_PUBLISHER = """
import sys
from pathlib import Path
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
print("ready", flush=True)
sys.stdin.readline()
root, *servables = sys.argv[1:]
for servable in map(Path, servables):
    print(publish_version(servable, PublishConfig(root, "fruit", servable.name)).number)
"""


def start(root: Path, servables: Iterable[Path]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PUBLISHER, root, *servables],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def publish_at_once(root: Path, groups: Iterable[list[Path]]) -> list[int]:
    """Let one process a group publish, all beginning at the same moment; return the numbers."""
    publishers = [start(root, servables) for servables in groups]
    for publisher in publishers:
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "ready\n"
    for publisher in publishers:
        assert publisher.stdin is not None
        publisher.stdin.write("\n")
        publisher.stdin.flush()
    outputs = [publisher.communicate()[0] for publisher in publishers]
    assert [publisher.returncode for publisher in publishers] == [0] * len(publishers)
    return [int(number) for output in outputs for number in output.split()]


def numbered(root: Path) -> dict[int, Path]:
    """List every integer directory, whether the store takes it for a version or not."""
    return {int(path.name): path for path in (root / "fruit").glob("*") if path.name.isdigit()}


@pytest.mark.slow
def test_publishers_at_the_same_moment_each_make_versions_of_their_own(
    tmp_path: Path, make_servable: MakeServable
) -> None:
    groups = [[make_servable(f"run-{one}-{turn}") for turn in range(5)] for one in range(8)]
    numbers = publish_at_once(tmp_path / "root", groups)
    assert sorted(numbers) == list(range(1, 41))
    found = numbered(tmp_path / "root")
    assert sorted(found) == list(range(1, 41))
    assert all(not Contents.read(path).differences() for path in found.values())
    assert not list((tmp_path / "root").glob("fruit/.staging-*"))


def test_the_same_servable_at_the_same_moment_is_one_version(
    tmp_path: Path, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1", b"w" * 500_000)
    assert publish_at_once(tmp_path / "root", [[servable]] * 6) == [1] * 6
    assert sorted(numbered(tmp_path / "root")) == [1]


@pytest.mark.slow
def test_a_kill_at_any_instant_leaves_no_half_written_version(
    tmp_path: Path, make_servable: MakeServable
) -> None:
    root, instant = tmp_path / "root", random.Random(0)  # noqa: S311  (no secret)
    cut_off = 0
    for turn in range(30):
        servables = [make_servable(f"run-{turn}-{part}", b"w" * 2_000_000) for part in range(3)]
        publisher = start(root, servables)
        assert publisher.stdin is not None
        assert publisher.stdout is not None
        publisher.stdout.readline()
        publisher.stdin.write("\n")
        publisher.stdin.flush()
        time.sleep(instant.uniform(0, 0.05))
        publisher.send_signal(signal.SIGKILL)
        publisher.communicate()
        cut_off += bool(list(root.glob("fruit/.staging-*")))
        assert all(not Contents.read(path).differences() for path in numbered(root).values())
    assert cut_off > 3  # or the kills came at moments that prove nothing
    before = len(numbered(root))
    (number,) = publish_at_once(root, [[make_servable("last")]])
    assert number == before + 1
    assert [version.number for version in open_store(str(root)).versions("fruit")] == sorted(
        numbered(root)
    )
    assert sorted(path.name for path in (root / "fruit").glob(".*")) == [".lock"]
