"""Labels that a table corrects."""

import hashlib
import os
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.label_issues import LabelIssue, write_label_issues


def digest(photo: bytes) -> str:
    return hashlib.sha256(photo).hexdigest()


@pytest.fixture
def root(fill, fruit, tmp_path) -> Path:
    files = {f"{'ab'[n % 2]}/{n}.jpg": fruit[n] for n in range(12)}
    return fill(tmp_path / "data", files)


def write(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_a_corrected_table_of_label_issues(validation, root, fruit, tmp_path) -> None:
    corrections = ["b", "drop", ""]
    issues = [
        LabelIssue(f"/gone/{n}.jpg", digest(fruit[n]), "train", "?", "b", "doubtful", 0.7, "", word)
        for n, word in enumerate(corrections)
    ]
    write_label_issues(tmp_path, issues)
    (root / "b" / "notes.txt").touch()
    os.rename(root / "a", root / "c")  # moved since; the photos are known by their bytes
    result = validation.run(root, corrections=str(tmp_path / "label_issues.csv"))
    rows = validation.by_name()
    assert rows["0.jpg"]["label"] == "b"
    assert rows["2.jpg"]["label"] == "c"
    assert (rows["1.jpg"]["status"], rows["1.jpg"]["reason"]) == (
        "ignored",
        "the corrections leave it out",
    )
    assert result.photos == 11
    left_out = "left out: 1 ignored file, 1 photo by the corrections"
    assert result.summary.startswith(f"11 photos in 2 classes; {left_out}; 1 label corrected")
    assert not [warning for warning in result.warnings if "correction" in warning]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_by_uri_as_spreadsheets_save_them(validation, root, tmp_path, delimiter, mark) -> None:
    rows = [("note", "uri", "correction"), ("x", f"{root}/a/0.jpg", "b"), ("", "", "b")]
    text = mark + "\r\n".join(delimiter.join(row) for row in rows)
    validation.run(root, corrections=write(tmp_path / "c.csv", text))
    assert validation.by_name()["0.jpg"]["label"] == "b"


def test_files_of_the_same_bytes_no_longer_contradict_each_other(
    validation, root, fruit, fill, tmp_path
) -> None:
    fill(root, {"b/copy.jpg": fruit[0]})
    assert validation.run(root).counts["conflict"] == 2
    table = write(tmp_path / "c.csv", f"sha256,correction\n{digest(fruit[0]).upper()},b\n")
    counts = validation.run(root, corrections=table).counts
    assert (counts["conflict"], counts["duplicate"]) == (0, 1)


def test_the_digest_of_the_data_follows_the_labels(validation, root, fruit, tmp_path) -> None:
    before = validation.run(root).data_digest
    table = write(tmp_path / "c.csv", f"sha256,correction\n{digest(fruit[0])},b\n")
    assert validation.run(root, corrections=table).data_digest != before
    same = write(tmp_path / "d.csv", f"sha256,correction\n{digest(fruit[0])},a\n")
    assert validation.run(root, corrections=same).data_digest == before


def test_corrections_of_other_photos_are_warned_of(validation, root, tmp_path) -> None:
    table = write(tmp_path / "c.csv", f"sha256,correction\n{'0' * 64},b\n{'1' * 64},\n")
    (warning,) = validation.run(root, corrections=table).warnings[:1]
    assert warning == f"1 correction matches no photo of the data: {'0' * 64}."


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sha256,correction\n{sha},bb\n", "among the classes a, b, or 'drop', .* received 'bb'"),
        ("sha256,correction\n{sha},a\n{sha},b\n", "one correction for each photo .*'a' and 'b'"),
        ("sha256,label\n{sha},a\n", "the columns correction and .* received sha256, label"),
        ("correction\na\n", "the columns correction and sha256 or uri"),
        ("", "the columns correction .* received no columns"),
        ("uri,correction,Correction\nx,a,b\n", "one column correction .* received 2"),
        ("uri,correction,URI\nx,a,b\n", "one column uri .* received 2"),
        ("sha256,correction\n{sha},\n1.2E+45,b\n", r"64 hex.*'1\.2E\+45' in line 3"),
        ('sha256,correction\n{sha},"b\n{sha},a\n', "every quotation mark .* begins in line 2"),
        ("sha256,note,correction\n{sha},b\n", "rows of 3 cells .* one of 2 in line 2"),
        ("sha256,uri,correction\n{sha},,a\n,data/a/0.jpg,b\n", "'a' and 'b' for the photo"),
    ],
)
def test_tables_that_are_refused(validation, root, fruit, tmp_path, text, complaint) -> None:
    table = write(tmp_path / "c.csv", text.replace("{sha}", digest(fruit[0])))
    with pytest.raises(PermanentError, match=complaint):
        validation.run(root, corrections=table)


def test_two_rows_of_a_photo_that_agree(validation, root, fruit, tmp_path) -> None:
    text = f"sha256,uri,correction\n{digest(fruit[0])},,b\n,data/a/0.jpg,b\n"
    result = validation.run(root, corrections=write(tmp_path / "c.csv", text))
    assert validation.by_name()["0.jpg"]["label"] == "b"
    assert not [warning for warning in result.warnings if "correction" in warning]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_headers_as_for_tables_of_photos(validation, root, tmp_path, end) -> None:
    lines = ["sep=;", " URI ;Correction", f'{root}/a/0.jpg;"b"', ""]
    (tmp_path / "c.csv").write_bytes(end.join(lines).encode())
    validation.run(root, corrections=str(tmp_path / "c.csv"))
    assert validation.by_name()["0.jpg"]["label"] == "b"


def test_a_table_without_any_correction(validation, root, fruit, tmp_path) -> None:
    table = write(tmp_path / "c.csv", f"sha256,correction\n{digest(fruit[0])},\n")
    result = validation.run(root, corrections=table)
    assert f"No row of {table} has a correction: fill in the column correction." in result.warnings


def test_a_table_in_another_encoding(validation, root, tmp_path) -> None:
    (tmp_path / "c.csv").write_bytes("uri,correction\nä,b\n".encode("utf-16"))
    with pytest.raises(
        PermanentError, match=r"a table in UTF-8 at .*c\.csv, received one in UTF-16"
    ):
        validation.run(root, corrections=str(tmp_path / "c.csv"))


def test_a_file_uri(validation, root, tmp_path) -> None:
    table = write(tmp_path / "c d.csv", f"uri,correction\n{root}/a/0.jpg,b\n")
    validation.run(root, corrections="file://" + table.replace(" ", "%20"))
    assert validation.by_name()["0.jpg"]["label"] == "b"


def test_a_table_that_does_not_exist(validation, root, tmp_path) -> None:
    with pytest.raises(PermanentError, match=r"corrections at .*none\.csv, .* no such file"):
        validation.run(root, corrections=str(tmp_path / "none.csv"))


def test_a_class_of_the_word_that_drops(validation, fill, fruit, tmp_path) -> None:
    root = fill(
        tmp_path / "data", {f"{'a' if n % 2 else 'drop'}/{n}.jpg": fruit[n] for n in range(8)}
    )
    table = write(tmp_path / "c.csv", f"sha256,correction\n{digest(fruit[0])},drop\n")
    with pytest.raises(PermanentError, match="rename the class"):
        validation.run(root, corrections=table)


def test_a_table_that_is_larger_than_most_photos(validation, root, fruit, tmp_path) -> None:
    rows = "".join(f"{n:064x},\n" for n in range(20_000))
    assert len(rows) > 1 << 20
    table = write(tmp_path / "c.csv", f"sha256,correction\n{rows}{digest(fruit[0])},b\n")
    result = validation.run(root, corrections=table)
    assert validation.by_name()["0.jpg"]["label"] == "b"
    assert "nothing left out; 1 label corrected" in result.summary


def test_a_cell_that_is_longer_than_most(validation, root, tmp_path) -> None:
    table = f"uri,picture,correction\n{root}/a/0.jpg,{'x' * 200_000},b\n"
    validation.run(root, corrections=write(tmp_path / "c.csv", table))
    assert validation.by_name()["0.jpg"]["label"] == "b"


def test_a_first_column_without_a_heading(validation, root, tmp_path) -> None:
    """As pandas writes the index of a table."""
    table = write(tmp_path / "c.tsv", f"\turi\tcorrection\n0\t{root}/a/0.jpg\tb\n")
    validation.run(root, corrections=table)
    assert validation.by_name()["0.jpg"]["label"] == "b"


def test_a_row_of_too_many_cells(validation, root, tmp_path) -> None:
    table = write(tmp_path / "c.csv", "uri;correction\na;b;drop\n")
    with pytest.raises(PermanentError, match=r"rows of 2 cells .* one of 3 in line 2"):
        validation.run(root, corrections=table)


def test_uris_begin_at_the_tables_folder(validation, root, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir("/")
    table = write(tmp_path / "c.csv", f"uri,correction\n{root.name}/a/0.jpg,b\n")
    assert root.parent == tmp_path
    validation.run(root, corrections=table)
    assert validation.by_name()["0.jpg"]["label"] == "b"
