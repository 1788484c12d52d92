"""docs/drift.md describes each measure in the words of the command."""

import re
from pathlib import Path

from viewfinder_components.formats.drift_reference import ANSWER_MEASURES, PHOTO_MEASURES
from viewfinder_components.monitoring.measure_words import find_words

PAGE = Path(__file__).parents[4] / "docs" / "drift.md"


def test_every_measure_is_described() -> None:
    section = PAGE.read_text("utf-8").partition("## What is measured")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)[1:]
    words = [find_words(name) for name in PHOTO_MEASURES + ANSWER_MEASURES]
    assert rows == [(one.title, one.what) for one in words]
