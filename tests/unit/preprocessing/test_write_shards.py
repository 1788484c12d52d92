import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.shards import Shards
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards
from viewfinder_components.validation.pixels import PixelWriter, clear_pixels

OTHER_DISK = Path("/dev/shm")  # noqa: S108  (a tempfile's folder is made in it)


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_each_used_photo_lies_beside_its_own_label(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(100)

    result = write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())

    assert result.counts == {"train": 60, "val": 20, "test": 20}
    assert result.data_digest == "d1"
    assert set(result.seconds) == {"index", "pixels"}
    shards = Shards.open(tmp_path / "shards")
    seen = []
    for name in ("train", "val", "test"):
        split = shards.split(name)
        rows = [int(Path(uri).stem) for uri in split.photos["uri"].to_pylist()]
        assert split.pixels().reshape(len(rows), -1).std(axis=1).max() == 0
        assert split.pixels()[:, 0, 0, 0].tolist() == rows
        assert [shards.labels[place] for place in split.labels] == split.photos["label"].to_pylist()
        seen += rows
    assert sorted(seen) == list(range(100))


def test_unused_photos_are_left_out(validated: Callable, tmp_path: Path) -> None:
    status = ["used", "duplicate"] * 20
    index, pixels = validated(40, status=status)

    result = write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())

    assert sum(result.counts.values()) == 20


def test_equal_input_gives_equal_bytes(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(100)
    for run in ("first", "second"):
        write_shards(index, pixels, tmp_path / run, PreprocessConfig())

    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    assert len(digests(tmp_path / "first")) == 3 * 3 + 3 + 1  # splits, pixels, manifest


def test_the_order_depends_on_the_seed_and_not_on_the_index(
    validated: Callable, tmp_path: Path
) -> None:
    index, pixels = validated(100)
    write_shards(index, pixels, tmp_path / "seed0", PreprocessConfig())
    write_shards(index, pixels, tmp_path / "seed1", PreprocessConfig(seed=1))
    table = pq.read_table(index / "index.parquet")
    pq.write_table(table.take(pa.array(range(99, -1, -1))), index / "index.parquet")
    write_shards(index, pixels, tmp_path / "reversed", PreprocessConfig())

    def order(name: str) -> list[str]:
        return Shards.open(tmp_path / name).split("train").photos["sha256"].to_pylist()

    assert order("seed0") == order("reversed")
    assert order("seed0") != order("seed1")
    assert order("seed0") != sorted(order("seed0"))


def test_what_an_earlier_run_left_is_replaced(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(100)
    shards = tmp_path / "shards"
    write_shards(index, pixels, shards, PreprocessConfig(seed=1))
    write_shards(index, pixels, shards, PreprocessConfig())
    write_shards(index, pixels, tmp_path / "fresh", PreprocessConfig())

    assert digests(shards) == digests(tmp_path / "fresh")


def test_an_empty_split_is_kept_and_empty(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(10, split=["train"] * 10)

    write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())

    val = Shards.open(tmp_path / "shards").split("val")
    assert len(val) == 0
    assert val.pixels().shape == (0, 8, 8, 3)
    assert list(val.batches(4)) == []


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"row": pa.array([None, *range(1, 10)], pa.int64())}, "1 photos without pixels"),
        ({"row": pa.array([*range(9), 10], pa.int64())}, "1 rows outside the 10 decoded photos"),
        ({"row": pa.array([*range(9), 8], pa.int64())}, "1 photos that share their pixels"),
        ({"label": ["hornet", "bee"] * 5}, "5 labels missing from the summary"),
        ({"split": ["train"] * 9 + [None]}, "1 splits other than train, val, test"),
        ({"status": ["ignored"] * 10}, "expected used photos"),
    ],
)
def test_an_index_that_does_not_match_is_refused(
    validated: Callable, tmp_path: Path, columns: dict, problem: str
) -> None:
    index, pixels = validated(10, **columns)

    with pytest.raises(PermanentError, match=problem):
        write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())


def test_missing_or_damaged_pixels_are_refused(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(100)
    part = pixels / "part-00001.npy"
    content = part.read_bytes()

    part.write_bytes(content[:-1])
    with pytest.raises(PermanentError, match=r"part-00001.npy, received .* bytes"):
        write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())
    part.write_bytes(b"not an array")
    with pytest.raises(PermanentError, match=r"part-00001.npy"):
        write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())
    part.unlink()
    with pytest.raises(PermanentError, match="rows outside the 60 decoded photos"):
        write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())


def test_pixels_of_another_size_are_refused(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(10)
    summary = json.loads((index / "summary.json").read_text()) | {"image_size": 9}
    (index / "summary.json").write_text(json.dumps(summary))

    with pytest.raises(PermanentError, match=r"\[n, 9, 9, 3\].* photos of 8 pixels"):
        write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())


def test_the_pixels_are_on_disk_once(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(100)
    write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())

    for part in pixels.glob("part-*.npy"):
        assert part.samefile(tmp_path / "shards" / "pixels" / part.name)


@pytest.mark.skipif(not OTHER_DISK.is_dir(), reason=f"needs another disk at {OTHER_DISK}")
def test_on_another_disk_they_are_copied(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(100)
    write_shards(index, pixels, tmp_path / "here", PreprocessConfig())
    with tempfile.TemporaryDirectory(dir=OTHER_DISK) as elsewhere:
        assert os.stat(elsewhere).st_dev != pixels.stat().st_dev
        write_shards(index, pixels, Path(elsewhere) / "there", PreprocessConfig())

        assert digests(Path(elsewhere) / "there") == digests(tmp_path / "here")


def test_the_shards_stay_as_they_are_when_validate_runs_again(
    validated: Callable, tmp_path: Path
) -> None:
    index, pixels = validated(100)
    write_shards(index, pixels, tmp_path / "shards", PreprocessConfig())
    before = digests(tmp_path / "shards")

    clear_pixels(pixels)
    with PixelWriter(pixels, 8) as writer:
        writer.append(bytes(8 * 8 * 3))

    assert digests(tmp_path / "shards") == before


_WRITE = """
import sys
from pathlib import Path
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards
write_shards(*map(Path, sys.argv[1:4]), PreprocessConfig())
# Not ru_maxrss: a process inherits it from the one that started it.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


_DIE_AFTER_ONE_LINK = """
import os, signal
link = os.link
def link_and_die(*names):
    link(*names)
    os.kill(os.getpid(), signal.SIGKILL)
os.link = link_and_die
"""


def test_killed_and_run_again_it_comes_out_right(validated: Callable, tmp_path: Path) -> None:
    index, pixels = validated(200)
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    code = _DIE_AFTER_ONE_LINK + _WRITE
    done = subprocess.run(
        [sys.executable, "-c", code, str(index), str(pixels), str(killed)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert len(list(killed.rglob("part-*.npy"))) == 1

    with pytest.raises(PermanentError, match="run preprocess again"):
        Shards.open(killed)
    for directory in (killed, whole):
        write_shards(index, pixels, directory, PreprocessConfig())
    assert digests(killed) == digests(whole)


def test_memory_is_flat(validated: Callable, tmp_path: Path) -> None:
    peaks = []
    for count in (5000, 25000):  # 61 MB and 307 MB of pixels
        index, pixels = validated(count, size=64, per_part=512, root=f"{count}")
        arguments = [str(index), str(pixels), str(tmp_path / f"shards{count}")]
        done = subprocess.run(
            [sys.executable, "-c", _WRITE, *arguments],
            check=True,
            capture_output=True,
            env=os.environ | {"MALLOC_ARENA_MAX": "2"},
        )
        peaks.append(int(done.stdout) * 1024)

    assert peaks[1] < 1.1 * peaks[0]
    assert np.load(tmp_path / "shards25000" / "train" / "labels.npy").shape == (15000,)
