"""The table of parameters in the docs is the one that the declarations make."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder.cli.parameters import render_page
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.registry import PIPELINES

PAGE = Path(__file__).parents[2] / "docs" / "parameters.md"


def rows(page: str) -> dict[tuple[str, str], str]:
    """Return the rows of a page by section and parameter."""
    return {
        (section.split("\n", 1)[0], name): row
        for section in page.split("\n## ")[1:]
        for row, name in re.findall(r"^(\| `(\w+)` .*)$", section, re.MULTILINE)
    }


def test_the_page_is_what_make_parameters_writes() -> None:
    written, declared = rows(PAGE.read_text()), rows(render_page())
    differing = {
        key: (written.get(key), declared.get(key))
        for key in written.keys() | declared.keys()
        if written.get(key) != declared.get(key)
    }
    assert differing == {}, "run `make parameters`"
    assert PAGE.read_text() == render_page(), "run `make parameters`"


@pytest.mark.parametrize("pipeline", PIPELINES, ids=lambda pipeline: pipeline.label)
def test_every_parameter_has_a_row_that_says_something(pipeline: PipelineDefinition) -> None:
    section = f"{pipeline.label.capitalize()}"
    named = [name for where, name in rows(PAGE.read_text()) if where == section]
    assert named == list(pipeline.parameters)
    declared = pipeline.parameters.values()
    assert [one.name for one in declared if not (one.rule and one.description)] == []


def test_every_number_has_a_range() -> None:
    declared = [one for pipeline in PIPELINES for one in pipeline.parameters.values()]
    numbers = [one for one in declared if one.kind in (int, float)]
    assert len(numbers) > 20
    assert [
        one.name for one in numbers if not re.search(r"(from|above|at least) \S+", one.rule)
    ] == []


def test_the_command_describes_what_is_named() -> None:
    result = CliRunner().invoke(main, ["parameters", "epochs", "augment"])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "epochs  [a whole number of at least 1; default: 100]",
        "    Maximum number of passes over the training photos.",
        "augment  [true or false; default: false]",
        "    Whether training photos are randomly rotated, shifted, zoomed and mirrored.",
    ]


def test_a_parameter_that_nobody_knows() -> None:
    result = CliRunner().invoke(main, ["parameters", "epoch"])
    assert result.exit_code == 2
    assert "did you mean epochs?" in result.stderr


def test_the_help_of_every_command_that_sets_parameters_says_where_they_are_listed() -> None:
    for command in ("run", "submit", "deploy"):
        assert "viewfinder parameters" in " ".join(
            CliRunner().invoke(main, [command, "--help"]).output.split()
        )
