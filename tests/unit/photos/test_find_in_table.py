from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.find import find_photos


def rows(path: Path) -> list[tuple[str, str | None, str | None]]:
    """Return uri, label and split of a table's photos, uris below the table's folder cut short."""
    cut = f"{path.parent}/"
    return [(c.uri.removeprefix(cut), c.label, c.split) for c in find_photos(str(path))]


def test_csv(tmp_path) -> None:
    path = tmp_path / "photos.csv"
    path.write_text(
        '\ufeffextra,label,uri,split\n1,"cat, black",a/1.jpg,Training\n'
        '2,dog,"new\nline.jpg",dev\n3,cafe\u0301,/elsewhere/3.jpg,\n4,dog,50%.jpg,test\n',
        "utf-8",
    )
    assert rows(path) == [
        ("a/1.jpg", "cat, black", "train"),
        ("new%0Aline.jpg", "dog", "val"),
        ("/elsewhere/3.jpg", "caf\u00e9", None),
        ("50%25.jpg", "dog", "test"),
    ]


def test_csv_without_splits(tmp_path) -> None:
    path = tmp_path / "photos.CSV"
    path.write_text("uri,label\n../1.jpg,7\n1.jpg,\n")
    first, second = find_photos(str(path))
    assert first.uri == f"{tmp_path.parent}/1.jpg"
    assert (first.label, first.split, first.flaw) == ("7", None, None)
    assert second.flaw is not None
    assert second.flaw.kind == "no_label"


def test_parquet(tmp_path) -> None:
    path = tmp_path / "photos.parquet"
    table = pa.table(
        {
            "label": pa.array([3, None, 4]),
            "uri": ["a.jpg", "b.jpg", "package://p/f#1"],
            "x": [1, 2, 3],
        }
    )
    pq.write_table(table, path)
    assert rows(path) == [
        ("a.jpg", "3", None),
        ("b.jpg", None, None),
        ("package://p/f#1", "4", None),
    ]


def test_an_index_is_a_table(tmp_path) -> None:
    path = tmp_path / "index.parquet"
    columns = {"uri": ["/photos/50%25%0A.jpg"], "label": ["cat"], "split": ["val"]}
    pq.write_table(pa.table(columns), path)
    assert rows(path) == [("/photos/50%25%0A.jpg", "cat", "val")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"path,label\na,b\n", "columns uri and label .* received path, label"),
        (b"", "received no columns"),
        (b"uri,label,split\na,b,tset\n", "a split among .* received 'tset'"),
        (b"uri,label\na,b,c\n", "a table of uri, label"),
        (b"uri,label\ncaf\xe9,b\n", "a table of uri, label"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, content, message) -> None:
    path = tmp_path / "photos.csv"
    path.write_bytes(content)
    with pytest.raises(PermanentError, match=message):
        list(find_photos(str(path)))


def test_parquet_that_is_none(tmp_path) -> None:
    path = tmp_path / "photos.parquet"
    path.write_bytes(b"uri,label\n")
    with pytest.raises(PermanentError, match="a table of uri, label"):
        list(find_photos(str(path)))
