"""What the pages say about the training pipeline is true of it."""

import re
from pathlib import Path

import pytest

from viewfinder_pipelines.pipeline.registry import TRAINING

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "kubeflow.md"
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def test_the_number_of_steps() -> None:
    words = re.findall(r"flat graph of (\w+) steps", PAGE.read_text("utf-8"))
    assert words == [NUMBERS[len(TRAINING.steps)]], f"the number of steps in {PAGE.name}"


def test_the_steps_that_request_part_of_a_core() -> None:
    (words,) = re.findall(r"^(`.+`) each request 250m", PAGE.read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"`(\w+)`", words)
    assert named == [step.name for step in TRAINING.steps if step.computes], (
        f"the steps under 'What the steps request from a node' in {PAGE.name}"
    )


@pytest.mark.parametrize("name", ["pipeline", "architecture"])
def test_the_diagram_has_every_step(name: str) -> None:
    diagram = (ROOT / "docs" / "images" / f"{name}.svg").read_text("utf-8")
    shown = re.findall(r"<text [^>]+>(\w+)</text>", diagram)
    missing = [step.name for step in TRAINING.steps if step.name not in shown]
    assert missing == [], f"the diagram docs/images/{name}.svg"
