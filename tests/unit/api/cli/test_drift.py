"""`viewfinder drift` beside imitated predictors: what it prints, and its exit code."""

import io
import json
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from rich.console import Console
from tests.fixtures.drift_metrics import READY, count_photos, make_reference, write_metrics
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder.cli.drift_display import draw_shares, print_drift
from viewfinder.cli.main import main
from viewfinder.drifting import drift
from viewfinder_components.printable import make_printable

DRIFTED = 5
SILENT = "http://127.0.0.1:1"
REFERENCE = make_reference()
USUAL = count_photos(REFERENCE, 400)
DARK = count_photos(REFERENCE, 400, {"brightness": 0.5})
FEW = count_photos(REFERENCE, 20, {"brightness": 1.0})


class _Predictor(QuietHandler):
    page: ClassVar[str] = ""
    grown: ClassVar[dict[str, NDArray[np.int64]]] = {}
    read: ClassVar[int] = 0

    def do_GET(self) -> None:
        if self.grown:  # after the first reading, the photos of `grown` have come
            counts = {name: USUAL[name] + (self.read > 0) * self.grown[name] for name in USUAL}
            self.send(200, write_metrics(REFERENCE, counts).encode())
            type(self).read += 1
        else:
            self.send(200, self.page.encode())


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_COLOR", "1")
    _Predictor.grown, _Predictor.read = {}, 0
    with serving(_Predictor) as url:
        yield url


def call(endpoint: str, page: str, *options: str) -> Result:
    _Predictor.page = page
    return CliRunner().invoke(main, ["drift", "--endpoint", endpoint, *options])


def test_what_has_drifted(endpoint: str) -> None:
    result = call(endpoint, write_metrics(REFERENCE, DARK))
    assert result.exit_code == DRIFTED, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "fruit, version 7: 1 of 12 measures has drifted"
    assert lines[1].startswith("400 photos, predictors, since their start, read at ")
    assert lines[1].endswith("; reference: 1,000 photos")
    assert "brightness: darker, median 40 to 60 instead of 100 to 120" in lines
    assert (
        "  usual causes: night, a lamp that is off, a dirty or covered lens, a shorter exposure"
        in (lines)
    )
    (expected,) = (line for line in lines if line.startswith("  expected  "))
    assert expected.split()[1][:3] == "▁▂▄"
    assert any(line.startswith("contrast ") for line in lines)
    assert [line.rstrip() for line in lines] == lines


def test_nothing_has_drifted(endpoint: str) -> None:
    result = call(endpoint, write_metrics(REFERENCE, USUAL))
    assert result.exit_code == 0
    assert result.stdout.startswith("fruit, version 7: no drift\n")


def test_too_few_photos(endpoint: str) -> None:
    result = call(endpoint, write_metrics(REFERENCE, FEW))
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "fruit, version 7: too few photos to conclude anything: 20, and at least 50 are needed\n"
    )
    assert "within its limit" not in result.stdout


def test_two_versions(endpoint: str) -> None:
    pages = write_metrics(REFERENCE, USUAL, "8") + write_metrics(REFERENCE, DARK).replace(READY, "")
    result = call(endpoint, pages)
    assert result.exit_code == DRIFTED
    assert "fruit, version 8: no drift\n" in result.stdout
    assert "fruit, version 7: 1 of 12 measures has drifted\n" in result.stdout


def test_photos_from_now_on(endpoint: str) -> None:
    _Predictor.grown = DARK
    result = call(endpoint, "", "--for", "1s", "--json")
    assert result.exit_code == DRIFTED, result.output
    record = json.loads(result.stdout)
    assert record["versions"][0]["photos"] == 400
    assert record["start"] < record["end"]


def test_a_replica_that_does_not_answer(endpoint: str) -> None:
    result = call(endpoint, write_metrics(REFERENCE, USUAL), "--endpoint", SILENT)
    assert result.exit_code == 0
    assert f"Not read: {SILENT}: no server listening there" in result.stdout


def test_nobody_answers() -> None:
    result = CliRunner().invoke(main, ["drift", "--endpoint", SILENT])
    assert result.exit_code == 1
    assert result.stderr.startswith(
        f"Error: expected a predictor that answers, received {SILENT}: no server listening there; "
    )


def test_a_version_without_a_reference(endpoint: str) -> None:
    page = READY + 'viewfinder_model_info{model="fruit",version="7"} 1\n'
    result = call(endpoint, page)
    assert result.exit_code == 1
    assert "received none; served: 7; export and publish the model again" in result.stderr


def test_the_page(endpoint: str, tmp_path: str) -> None:
    page = f"{tmp_path}/drift.html"
    result = call(endpoint, write_metrics(REFERENCE, DARK), "--output", page)
    assert result.exit_code == DRIFTED
    assert result.stdout.endswith(f"\n\nwrote {page}\n")
    assert "\n\n\n" not in result.stdout
    with open(page, encoding="utf-8") as file:
        assert "Darker, median 40 to 60" in file.read()


def test_names_do_not_control_the_terminal(endpoint: str) -> None:
    hostile = "\x1b[31mred[bold]"
    page = write_metrics(REFERENCE, count_photos(REFERENCE, 400, {"predicted": 0.9}))
    for name in ("apple", "fruit", "brightness"):
        page = page.replace(f'"{name}"', f'"{hostile}"')
    result = call(endpoint, page)
    assert make_printable(result.stdout, lines=True) == result.stdout
    assert "red[bold]" in result.stdout


def test_a_terminal_without_other_letters_has_no_bars(endpoint: str) -> None:
    _Predictor.page = write_metrics(REFERENCE, DARK)
    file = io.TextIOWrapper(io.BytesIO(), "ascii")
    print_drift(drift(endpoint=endpoint), Console(file=file, width=80))
    file.flush()
    assert b"darker" in file.buffer.getvalue()  # type: ignore[attr-defined]


def test_bars() -> None:
    assert draw_shares([0.0, 0.001, 0.5, 1.0], 1.0) == " ▁▄█"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--since", "1d"), "--since with --prometheus, which knows what was counted when"),
        (("--prometheus", SILENT, "fruit", "--for", "1s"), "--for without --prometheus"),
        (("--prometheus", SILENT, "fruit", "--since", "1 day"), "--since to be a length of time"),
        (("--prometheus", SILENT, "fruit", "--since", "0d"), "--since to be a length of time"),
        (("--prometheus", SILENT, "fruit", "--since", "999w"), "--since to be a length of time"),
        (("--for", "soon"), "--for to be a length of time"),
        (("--prometheus", SILENT), "an InferenceService with --prometheus, and no --endpoint"),
    ],
)
def test_options_that_cannot_be_meant(options: tuple[str, ...], message: str) -> None:
    result = CliRunner().invoke(main, ["drift", *options])
    assert result.exit_code == 2
    assert message in result.stderr
