"""Places that cannot be written are refused before any photo is read."""

import os
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_components.prediction.outputs.output import open_output


@pytest.mark.parametrize(
    "name",
    ["out.csv", "out", "", "ftp://h/o.parquet", "s3://B/o.parquet", "s3://bucket/\udce9.parquet"],
)
def test_no_place_for_predictions(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_output(name, tmp_path)


@pytest.mark.parametrize("name", ["s3://x12.parquet", "gs://x12.parquet", "MINIO://x12.parquet"])
def test_a_bucket_is_no_place_for_predictions(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"name alone; .*://BUCKET/predictions\.parquet"):
        open_output(name, tmp_path)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gone/out.parquet", "a folder .*gone for the predictions, received nothing there; create"),
        ("file/out.parquet", "received a file;"),
        ("folder.parquet", "a file, or nothing yet, .* received a folder"),
        ("pipe.parquet", "a file, or nothing yet, .* received a pipe"),
        ("link.parquet", "a file, or nothing yet, .* received a pipe"),
        (f"{'a' * 244}.parquet", "a name of at most 248 bytes .* received one of 252 bytes"),
        ("/proc/out.parquet", "a folder for predictions at /proc"),
    ],
)
def test_a_place_that_cannot_be_written(name: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.parquet").mkdir()
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "link.parquet").symlink_to("pipe.parquet")
    with pytest.raises(PermanentError, match=sentence):
        open_output(str(tmp_path / name), tmp_path).check()


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    place = open_output(f"file://{tmp_path}/out.parquet", tmp_path)
    assert place.uri == str(tmp_path / "out.parquet")
