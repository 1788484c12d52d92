"""`evaluation.json` has one writer and one reader."""

from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.evaluation import EVALUATION, read_evaluation, write_evaluation


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_evaluation(tmp_path, {"labels": ["a", "b"], "accepted": True})
    assert read_evaluation(tmp_path) == {
        "schema_version": 1,
        "labels": ["a", "b"],
        "accepted": True,
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "a readable evaluation.json in"),
        ("{", "JSON in"),
        ("[" * 100_000, "JSON in"),
        ("[]", "an evaluation in"),
        ('{"schema_version": 1}', "an evaluation in"),
        ('{"labels": ["a"]}', "received None; run evaluate again with this release"),
        ('{"labels": ["a"], "schema_version": 2}', "schema version 1 in"),
    ],
)
def test_what_is_not_ours_is_refused(text: str | None, sentence: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / EVALUATION).write_text(text)
    with pytest.raises(PermanentError) as caught:
        read_evaluation(tmp_path)
    assert sentence in str(caught.value)
