"""`summary.json` has one writer and one reader."""

from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.photo_index import SUMMARY, read_summary, write_summary

VALUES = {"image_size": 224, "labels": ["a", "b"], "data_digest": "d1"}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_summary(tmp_path, VALUES)
    assert read_summary(tmp_path) == {"schema_version": 1, **VALUES}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "a readable summary.json in"),
        ("{", "JSON in"),
        ("[" * 100_000, "JSON in"),
        ("[]", "a summary of photos in"),
        ("{}", "received None; run validate again with this release"),
        ('{"schema_version": 2}', "schema version 1 in"),
        ('{"schema_version": 1, "image_size": "224"}', "image_size (int) in"),
        ('{"schema_version": 1, "image_size": 224}', "labels (list) in"),
    ],
)
def test_what_is_not_ours_is_refused(text: str | None, sentence: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / SUMMARY).write_text(text)
    with pytest.raises(PermanentError) as caught:
        read_summary(tmp_path)
    assert sentence in str(caught.value)
