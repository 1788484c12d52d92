"""`training.json` has one writer and one reader."""

from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.training import (
    TRAINING,
    read_epochs,
    read_training,
    write_training,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    values = {"history": [{"epoch": 1}, {"epoch": 2}], "best_epoch": 2}
    write_training(tmp_path, values)
    assert read_training(tmp_path) == read_epochs(tmp_path) == values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "a readable training.json in"),
        ("{", "JSON in"),
        ("[]", "a record of training in"),
        ("{}", "best_epoch None of None"),
        ('{"history": [], "best_epoch": 1}', "best_epoch 1 of []"),
        ('{"history": [{}], "best_epoch": 0}', "best_epoch 0 of"),
        ('{"history": [{}], "best_epoch": "1"}', "best_epoch '1' of"),
        ('{"history": {}, "best_epoch": 1}', "best_epoch 1 of {}"),
    ],
)
def test_what_is_not_ours_is_refused(text: str | None, sentence: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / TRAINING).write_text(text)
    with pytest.raises(PermanentError) as caught:
        read_epochs(tmp_path)
    assert sentence in str(caught.value)
