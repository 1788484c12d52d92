"""The tables that commands print: on a terminal, and where programs read them."""

import io
import os
import pty
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

import click
import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

from viewfinder.cli.findings import print_findings
from viewfinder.cli.main import main
from viewfinder.installation import Finding, FindingState
from viewfinder.run_tables import print_runs, print_steps, print_table
from viewfinder_pipelines.runs.record import LOCAL, RunResult, StepResult

LONG = " ".join(["a sentence that is much longer than a terminal"] * 4)
RUN_ID = "a-run-with-a-name-of-its-own-" * 3
STEP = StepResult("validate", "succeeded", 1.0, summary=LONG)
RUN = RunResult(
    RUN_ID, LOCAL, "succeeded", "2026-01-01T00:00:00+00:00", 1.0, {"data": f"/{LONG}"}, (STEP,)
)


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    theirs, ours = pty.openpty()
    with os.fdopen(ours, "w") as file:
        yield file
    os.close(theirs)


def piped(monkeypatch: pytest.MonkeyPatch, columns: str) -> Console:
    monkeypatch.setenv("COLUMNS", columns)
    return Console(file=io.StringIO())


def lines(console: Console) -> list[str]:
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("columns", ["40", "80", "300"])
def test_a_program_reads_a_row_in_one_line(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    console = piped(monkeypatch, columns)
    print_runs(console, [RUN, replace(RUN, run_id="b")])
    print_steps(console, RUN)
    print_findings(console, [Finding("bucket", FindingState.OK, LONG)], "run")
    told = lines(console)
    assert [line.split()[0] for line in told] == ["run", RUN_ID, "b", "step", "validate", "✓", "A"]
    assert told[1].endswith(f"/{LONG}")
    assert told[4].endswith(LONG)
    assert told[5] == f"✓  bucket  {LONG}"
    assert not [line for line in told if line != line.rstrip()]


def test_a_person_reads_a_table_within_the_terminal(terminal: TextIO) -> None:
    console = Console(file=terminal, width=80)
    table = Table(LONG, LONG)
    with console.capture() as captured:
        print_table(console, table)
    assert max(map(len, click.unstyle(captured.get()).splitlines())) <= 80


def test_a_program_reads_a_parameter_in_two_lines() -> None:
    told = CliRunner().invoke(main, ["parameters", "seed", "min_accuracy"]).stdout.splitlines()
    assert [line.startswith("    ") for line in told] == [False, True, False, True]
