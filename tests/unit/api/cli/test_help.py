"""What the help says."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main

ROOT = Path(__file__).parents[4]


def commands(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    yield above
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield (*above, name)


@pytest.mark.parametrize("command", [*commands(main)], ids=" ".join)
def test_no_sentence_is_cut_off(command: tuple[str, ...]) -> None:
    text = CliRunner().invoke(main, [*command, "--help"], terminal_width=80).output
    assert not re.search(r"[a-z]\.\.\.$", text, re.MULTILINE), text


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("show", "[OPTIONS] [RUN]"),
        ("serve", "[OPTIONS] MODEL[/NUMBER] [-- OPTION...]"),
        ("follow", "[OPTIONS] RUN"),
        ("predict", "[OPTIONS] [PHOTO...]"),
    ],
)
def test_the_usage_tells_what_is_optional(command: str, usage: str) -> None:
    text = CliRunner().invoke(main, [command, "--help"], terminal_width=80).output
    assert text.splitlines()[0].endswith(f"{command} {usage}")


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("run", {"--settings", "--host", "--namespace", "--experiment", "--cache"}),
        ("deploy", {"--host", "--experiment"}),
        ("submit", set()),
    ],
)
def test_options_that_need_kubeflow_are_listed_apart(command: str, names: set[str]) -> None:
    text = CliRunner().invoke(main, [command, "--help"], terminal_width=80).output
    _, _, apart = text.partition("Options that go with --on kubeflow:")
    assert set(re.findall(r"^  (--[a-z]+)", apart, re.MULTILINE)) == names


def test_make_prints_no_comment_of_a_recipe() -> None:
    lines = (ROOT / "Makefile").read_text().splitlines()
    assert [line for line in lines if re.match(r"\t\s*#", line)] == []


def test_make_help_lists_every_target_that_a_user_may_call() -> None:
    makefile = (ROOT / "Makefile").read_text()
    declared = {
        name
        for line in re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
        for name in line.split()
    }
    told = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert set(re.findall(r"^  (\S+)", told, re.MULTILINE)) == declared
