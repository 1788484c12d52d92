"""The forms of issues and discussions: what GitHub requires, and commands that exist."""

import re
from pathlib import Path

import pytest
import yaml

from viewfinder.cli.main import main

GITHUB = Path(__file__).parents[2] / ".github"
ISSUES = [path for path in sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml")) if path.stem != "config"]
FORMS = [*ISSUES, *sorted(GITHUB.glob("DISCUSSION_TEMPLATE/*.yml"))]


def test_there_are_forms() -> None:
    assert {path.stem for path in FORMS} == {"bug", "feature", "q-a"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_requires(path: Path) -> None:
    form = yaml.safe_load(path.read_text("utf-8"))
    if path in ISSUES:
        assert form["name"]
        assert form["description"]
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"textarea", "input", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in fields)
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids)
    labels = [field["attributes"]["label"] for field in fields]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_commands_that_exist(path: Path) -> None:
    named = set(re.findall(r"`viewfinder ([a-z]+)", path.read_text("utf-8")))
    assert named <= set(main.commands)
