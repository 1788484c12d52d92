"""Photos that need no labels, from everything that names photos."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.find import list_photos


def names(data: Path) -> list[str]:
    """Return what can be photos, below the data's folder."""
    folder = data if data.is_dir() else data.parent
    return [one.uri.removeprefix(f"{folder}/") for one in list_photos(str(data)) if not one.flaw]


def test_files_may_be_anywhere_in_a_folder(tmp_path: Path) -> None:
    for name in ("1.jpg", "train/2.jpg", "train/a/3.jpg", "z/.hidden/4.jpg", ".5.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path) == ["1.jpg", "train/2.jpg", "train/a/3.jpg"]


@pytest.mark.parametrize(
    "content", ["uri\na.jpg\nb.jpg\n", "Label;URI;split\n;a.jpg;none\ncat; b.jpg;\n"]
)
def test_a_table_needs_a_column_uri_only(content: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(content)
    assert names(tmp_path / "list.csv") == ["a.jpg", "b.jpg"]


def test_a_parquet_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"uri": ["a.jpg"], "status": ["used"]}), tmp_path / "index.parquet")
    assert names(tmp_path / "index.parquet") == ["a.jpg"]


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ("path,label\na.jpg,cat\n", "rename the column: path to uri"),
        ("a.jpg\nb.jpg\n", "add a header above it that calls this column uri"),
        ("label,size\ncat,3\n", "call the column that has the photos' paths uri"),
    ],
)
def test_a_table_without_a_column_uri(content: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(PermanentError, match=f"expected a column uri in .*{remedy}"):
        names(tmp_path / "list.csv")


def test_two_columns_uri(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("uri,URI\na.jpg,b.jpg\n")
    with pytest.raises(PermanentError, match="one column uri"):
        names(tmp_path / "list.csv")


def test_a_photo_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(PermanentError, match="name the folder that contains it"):
        names(tmp_path / "a.jpg")
