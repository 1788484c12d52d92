"""A run that was killed, or lost its server or its disk, continues where it was."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.fixtures.hurry import hurry
from tests.fixtures.servables import draw
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.unit.prediction.conftest import Server, add_photos

import viewfinder
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.parts import listing
from viewfinder_components.prediction.parts.listing import PART_FILES
from viewfinder_components.prediction.predict import predict_files
from viewfinder_pipelines.local.served_model import open_served_model

FEW = 64  # files in a part, where many would only take time


LIMITED = ("bash", "-c", 'ulimit -f 2 && exec "$@"', "bash")  # files of 2 KB


def start(folder: Path, *options: str, enter: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Start the command on the photos in a folder; `enter` is what starts it with limits."""
    command = [str(Path(sys.executable).with_name("viewfinder")), "predict"]
    command += ["--data", str(folder / "photos"), "--output", str(folder / "out.parquet")]
    return subprocess.Popen(
        [*enter, *command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def parts(folder: Path) -> list[Path]:
    return sorted((folder / ".out.parquet.parts").glob("*/part-*.parquet"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_is_continued(number: signal.Signals, server: Server, tmp_path: Path) -> None:
    add_photos(tmp_path / "photos", 2 * PART_FILES)
    server.may_answer, server.status = PART_FILES + 20, 0
    process = start(tmp_path, "--endpoint", server.url)
    wait_for(lambda: parts(tmp_path), "the first part", pause=0.02)
    process.send_signal(number)
    server.ended.set()
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    assert number == signal.SIGKILL or "The same command continues" in told
    assert not (tmp_path / "out.parquet").exists()
    server.may_answer, server.answered = 10**6, 0
    told, _ = (again := start(tmp_path, "--endpoint", server.url)).communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert f"{2 * PART_FILES:,} classified by colour/7" in told
    assert f"{PART_FILES:,} files were already done" in told
    assert server.answered == PART_FILES + 1  # the first request asks for the classes
    assert len(set(pq.read_table(tmp_path / "out.parquet")["uri"].to_pylist())) == 2 * PART_FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "photos"]


def interrupt(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Predict with a server that goes away after the first part."""
    hurry(monkeypatch, retries=1)
    monkeypatch.setattr(listing, "PART_FILES", FEW)
    add_photos(folder / "photos", FEW + 100)
    server.may_answer, server.status = FEW + 50, status
    with pytest.raises(viewfinder.TransientError):
        viewfinder.predict_batch(folder / "photos", folder / "out.parquet", endpoint=server.url)
    server.may_answer = 10**6


@pytest.mark.parametrize("status", [503, 429, 500, 408])
def test_a_server_that_goes_away(
    status: int, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(server, tmp_path, monkeypatch, status)
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert (done.counts["ok"], done.resumed) == (FEW + 100, FEW)


def test_ignored_files_that_change_meanwhile(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reads them; file managers rewrite them whenever somebody looks at the photos."""
    (tmp_path / "photos").mkdir()
    ignored = [tmp_path / "photos" / name for name in ("Thumbs.db", ".DS_Store")]
    for file in ignored:
        file.write_bytes(b"small pictures")
    (tmp_path / "photos" / ".cache").mkdir()
    interrupt(server, tmp_path, monkeypatch, 503)
    for file in ignored:
        file.write_bytes(b"other small pictures")
    (tmp_path / "photos" / ".cache" / "new").touch()
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert (done.counts["ignored"], done.resumed) == (3, FEW)


def test_a_volume_that_is_mounted_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a pod with `fsGroup`, Kubernetes sets the group of all files, which changes `ctime`."""
    interrupt(server, tmp_path, monkeypatch, 503)
    photo = tmp_path / "photos" / "many" / "00000.png"
    before = photo.stat()
    os.chown(photo, -1, before.st_gid)
    assert photo.stat().st_ctime_ns > before.st_ctime_ns
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert (done.counts["ok"], done.resumed) == (FEW + 100, FEW)


@pytest.mark.parametrize("name", ["many/00000.png", "notes.txt"])
def test_read_files_that_change_meanwhile(
    name: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only reading `notes.txt` shows that it is not a photo."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "notes.txt").write_text("no photo")
    interrupt(server, tmp_path, monkeypatch, 503)
    (tmp_path / "photos" / name).write_bytes(draw("blue"))
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert done.resumed == 0


def test_another_version_is_not_mixed_in(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(server, tmp_path, monkeypatch, 503)
    server.version = "8"
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert (done.resumed, done.model_version) == (0, "colour/8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "photos"]


def test_a_version_that_changes_meanwhile(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PART_FILES", FEW)
    add_photos(tmp_path / "photos", 4 * FEW)
    server.changes_at = 3 * FEW
    with pytest.raises(
        viewfinder.PermanentError, match=r"colour/7 at .*, received colour/8; start"
    ):
        viewfinder.predict_batch(tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url)
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert (done.counts["ok"], done.resumed, done.model_version) == (4 * FEW, 0, "colour/8")


def test_an_answer_of_another_version(server: Server, tmp_path: Path) -> None:
    add_photos(tmp_path / "photos", 3)
    server.told = ["7", "7", "8"]
    with pytest.raises(
        viewfinder.PermanentError, match=r"colour/7 at .*, received colour/8; start"
    ):
        viewfinder.predict_batch(tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url)
    assert not (tmp_path / "out.parquet").exists()
    server.told = ["7"] * 4
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert done.counts["ok"] == 3


def test_classes_that_change_although_the_version_does_not(server: Server, tmp_path: Path) -> None:
    add_photos(tmp_path / "photos", 3)
    with open_served_model(server.url, None) as model:
        server.labels.reverse()
        place = open_output(str(tmp_path / "out.parquet"), tmp_path)
        with pytest.raises(viewfinder.PermanentError, match=r"the classes .* for all photos"):
            predict_files(str(tmp_path / "photos"), place, model)
    assert not (tmp_path / "out.parquet").exists()


def test_a_damaged_part_is_made_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(server, tmp_path, monkeypatch, 503)
    (part,) = parts(tmp_path)
    part.write_bytes(part.read_bytes()[:100])
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert (done.counts["ok"], done.resumed) == (FEW + 100, 0)


def test_a_photo_that_the_server_refuses_is_a_row(server: Server, tmp_path: Path) -> None:
    add_photos(tmp_path / "photos", 3)
    server.may_answer, server.status = 1, 400  # the classes
    done = viewfinder.predict_batch(
        tmp_path / "photos", tmp_path / "out.parquet", endpoint=server.url
    )
    assert done.counts == {"ok": 0, "unreadable": 3, "ignored": 0}
    reasons = pq.read_table(tmp_path / "out.parquet")["reason"].to_pylist()
    assert reasons == ["the server refused it (HTTP 400): not now"] * 3


def test_a_full_disk(version: Path, tmp_path: Path) -> None:
    add_photos(tmp_path / "photos", 400)
    process = start(tmp_path, "--model-version", str(version), enter=LIMITED)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert told.startswith("Error: expected files of this size to be allowed"), told
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]
    process = start(tmp_path, "--model-version", str(version))
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
