import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.read import read_bytes


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


@pytest.mark.parametrize(
    "content",
    [
        "uri, label\n a/1.jpg, cat\n",
        "\n\r\n  \nuri,label\na/1.jpg,cat\n",
        "\ufeff\nuri,label\na/1.jpg,cat\n",
        "URI,Label\na/1.jpg,cat\n",
        '"uri";"label"\na/1.jpg;cat\n',
        "sep=;\nuri;label\na/1.jpg;cat\n",
        "uri\tlabel\r\na/1.jpg\tcat\r\n",
        ",uri,label\n0,a/1.jpg,cat\n",
    ],
)
def test_csv_as_programs_write_it(tmp_path, content) -> None:
    path = tmp_path / "photos.csv"
    path.write_text(content, "utf-8", newline="")
    assert rows(path) == [("a/1.jpg", "cat", None)]


def test_tab_separated_values(tmp_path) -> None:
    path = tmp_path / "photos.tsv"
    path.write_text("uri\tlabel\tsplit\na, b.jpg\tcat\t test \n")
    assert rows(path) == [("a, b.jpg", "cat", "test")]


def test_header_alone(tmp_path) -> None:
    path = tmp_path / "photos.csv"
    path.write_text("uri,label\n")
    assert rows(path) == []


def test_names_that_hold_percent_signs(tmp_path) -> None:
    for name in ("my%20cat.jpg", "my dog.jpg", "50%.jpg"):
        (tmp_path / name).write_bytes(b"photo")
    path = tmp_path / "photos.csv"
    path.write_text("uri,label\nmy%20cat.jpg,cat\nmy%20dog.jpg,dog\n50%.jpg,cat\n50%25.jpg,cat\n")
    assert [read_bytes(candidate.uri) for candidate in find_photos(str(path))] == [b"photo"] * 4
    assert [uri for uri, _, _ in rows(path)] == [
        "my%2520cat.jpg", "my dog.jpg", "50%25.jpg", "50%25.jpg",
    ]  # fmt: skip


def test_file_uris(tmp_path) -> None:
    for name in ("a b.jpg", "c%20d.jpg", "e#f?.jpg"):
        (tmp_path / name).write_bytes(b"photo")
    path = tmp_path / "photos.csv"
    names = ("a%20b.jpg", "c%20d.jpg", "e#f?.jpg", "e%23f%3F.jpg")
    lines = [f"file://{tmp_path}/{name},cat\n" for name in names]
    lines.append(f"FILE://localhost{tmp_path}/a b.jpg,cat\n")
    path.write_text("uri,label\n" + "".join(lines))
    candidates = list(find_photos(f"file://{tmp_path}/photos.csv"))
    assert [read_bytes(candidate.uri) for candidate in candidates] == [b"photo"] * 5


def test_data_as_a_file_uri_may_be_encoded(tmp_path) -> None:
    for folder in ("my cats", "50%25"):
        (tmp_path / folder / "cat").mkdir(parents=True)
        (tmp_path / folder / "cat" / "1.jpg").write_bytes(b"photo")
    for written in ("my%20cats", "my cats", "50%25"):
        assert len(list(find_photos(f"file://{tmp_path}/{written}"))) == 1


def test_paths_that_windows_wrote(tmp_path) -> None:
    (tmp_path / "img").mkdir()
    for name in ("img/1.jpg", "back\\slash.jpg"):
        (tmp_path / name).write_bytes(b"photo")
    path = tmp_path / "photos.csv"
    path.write_text("uri,label\nimg\\1.jpg,cat\nback\\slash.jpg,dog\n")
    assert [uri for uri, _, _ in rows(path)] == ["img/1.jpg", "back\\slash.jpg"]


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
        (b"path,label\na,b\n", "received path, label; rename the column: path to uri"),
        (b"image,class,set\na,b,c\n", "image to uri, class to label, set to split"),
        (b"id,image,choice\n1,a,b\n", "rename the columns: image to uri, choice to label"),
        (b"file_name,text\na,b\n", "rename the column: file_name to uri"),
        (b"a/1.jpg,cat\na/2.jpg,dog\n", "the first line is a photo: add a line uri,label"),
        (b"TRAIN,gs://b/1.jpg,cat\n", "add a line split,uri,label above it"),
        (b"breadth,height\n1,2\n", "uri is the photo's path, label its class"),
        (b"", "received no columns; add a first line uri,label"),
        (b"\n\n", "received no columns"),
        (b"uri,label,Label\na,b,c\n", "one column label .* received 2; remove all but one"),
        (
            "\ufeffuri,label\na,b\n".encode("utf-16-le"),
            "a table in UTF-8 .* received one in UTF-16",
        ),
        (b"uri,label,split\na,b,tset\n", "a split among .* received 'tset'"),
        (b"uri,label\na,b,c\n", "rows of 2 cells .* received one of 3 in line 2; add the cells"),
        (b"uri,label\n\na,b\nc\n", "rows of 2 cells .* received one of 1 in line 4"),
        (b'uri,label\na,"b\nc,d\ne,f\n', "every quotation mark .* begins in line 2; close it"),
        (b'uri,label\na,b\nc,"d', "every quotation mark .* in the row that begins in line 3"),
        (b'uri,label\na,"b\nc,"d"\ne,f\n', "every quotation mark .* begins in line 2"),
        (b'note;uri;label\r"5 inch;a;b\rx;c;d\r', "every quotation mark .* begins in line 2"),
        (b"uri,label\ncaf\xe9,b\n", "a table of uri, label"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, content, message) -> None:
    path = tmp_path / "photos.csv"
    path.write_bytes(content)
    with pytest.raises(PermanentError, match=message):
        list(find_photos(str(path)))


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_of_every_system(tmp_path, end) -> None:
    path = tmp_path / "photos.csv"
    path.write_bytes(end.join(["sep=;", "uri;label", "a.jpg;cat", "b.jpg;dog", ""]).encode())
    assert rows(path) == [("a.jpg", "cat", None), ("b.jpg", "dog", None)]


def test_quotation_marks_that_are_no_mistake(tmp_path) -> None:
    path = tmp_path / "photos.csv"
    photo = "x" * 200_000  # in base64
    path.write_text(
        f'uri,label,note,photo\n"a.jpg",cat,"two\nlines of ""it""",{photo}\nb,d"g,5",\n'
    )
    assert rows(path) == [("a.jpg", "cat", None), ("b", 'd"g', None)]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_line_breaks_in_names_wherever_a_block_ends(tmp_path, shift, end) -> None:
    """Readers that take a file in blocks lose characters where one ends."""
    start, row = f"uri,label{end}", f"{'x' * 60}.jpg,cat{end}"
    left = (1 << 20) + shift - len(start)  # a mebibyte is the usual block
    filling = row * (left // len(row) - 1)
    last = "y" * (left - len(filling) - len(f'.jpg,cat{end}"a\r'))
    path = tmp_path / "photos.csv"
    text = f'{start}{filling}{last}.jpg,cat{end}"a\r\nb,é.jpg","d\r\ng"{end}{row}'
    path.write_bytes(text.encode())
    found = rows(path)
    assert found[-2:] == [("a%0D%0Ab,é.jpg", "d%0D%0Ag", None), (f"{'x' * 60}.jpg", "cat", None)]
    assert len(found) == filling.count(".jpg") + 3


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [("uri", [["a.jpg"]], "list"), ("uri", [1], "int64"), ("label", [["cat"]], "list")],
)
def test_parquet_columns_that_are_no_texts(tmp_path, column, values, kind) -> None:
    path = tmp_path / "photos.parquet"
    pq.write_table(pa.table({"uri": ["a.jpg"], "label": ["cat"], column: values}), path)
    with pytest.raises(PermanentError, match=f"texts in the column {column} .* type {kind}"):
        list(find_photos(str(path)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_whose_name_is_not_utf_8(tmp_path, suffix) -> None:
    path = tmp_path / os.fsdecode(b"\xe9" + suffix.encode())
    if suffix == ".csv":
        path.write_text("uri,label\na.jpg,cat\n")
    else:
        with path.open("wb") as file:
            pq.write_table(pa.table({"uri": ["a.jpg"], "label": ["cat"]}), file)
    assert rows(path) == [("a.jpg", "cat", None)]


def test_a_row_without_a_uri_says_so(tmp_path) -> None:
    (path := tmp_path / "photos.csv").write_text("uri,label\n,cat\na.jpg,dog\n")
    flaw, _ = [one.flaw for one in find_photos(str(path))]
    assert flaw
    assert flaw.sentence == "its row in the table has no uri"


def test_parquet_that_is_none(tmp_path) -> None:
    path = tmp_path / "photos.parquet"
    path.write_bytes(b"uri,label\n")
    with pytest.raises(PermanentError, match="a table of uri, label"):
        list(find_photos(str(path)))


def test_a_short_value_of_many_rows_is_read(tmp_path) -> None:
    path = tmp_path / "photos.parquet"
    pq.write_table(pa.table({"uri": ["a.jpg"] * 9000, "label": ["cat"] * 9000}), path)
    assert rows(path) == [("a.jpg", "cat", None)] * 9000


@pytest.mark.parametrize("column", ["uri", "label"])
def test_a_small_parquet_file_does_not_become_large(tmp_path, column) -> None:
    """A value of 600 kB, packed, in each of 4,096 rows would take 2.4 GB."""
    path = tmp_path / "photos.parquet"
    columns = {"uri": ["a.jpg"] * 4096, "label": ["cat"] * 4096}
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 4096, pa.int32()), ["a" * 600_000])
    table = pa.table({**columns, column: once})
    pq.write_table(table, path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 3000
    with pytest.raises(PermanentError, match=f"600,000 in the column {column}"):
        rows(path)


@pytest.mark.parametrize("column", ["uri", "label"])
def test_a_cell_that_is_no_path_is_refused(tmp_path, column) -> None:
    """Each of its copies in memory would be as large."""
    path = tmp_path / "photos.csv"
    cells = {"uri": "a.jpg", "label": "cat", column: "a" * 1_000_000}
    path.write_text(f"uri,label\n{cells['uri']},{cells['label']}\n")
    with pytest.raises(PermanentError, match=f"one of 1,000,000 in the column {column}"):
        rows(path)
