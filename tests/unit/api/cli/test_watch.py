"""How `viewfinder watch` shows figures: a picture, lines, JSON."""

import io
import json
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from rich.console import Console
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder.cli.main import main
from viewfinder.cli.watch_display import Picture, draw_bars, write_line
from viewfinder.watching import ServingFigures, ServingReplica
from viewfinder_components.printable import make_printable

HOSTILE = "\x1b[31mred\u202e[bold]\n"
SHOWN = r"\x1b[31mred\u202e[bold]\n"
GIB = float(1 << 30)
UP = ServingReplica(
    "http://10.0.0.1:8080", "", True, "fruit", "7", "int8", "sha256:0123456789abcdef",
    20.0, 4.25, 1.5, GIB / 2, GIB, 0.25,
)  # fmt: skip
DOWN = ServingReplica("http://10.0.0.2:8080", "no server listening there")
FIGURES = ServingFigures(
    datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC),
    requests_per_second=1234.5,
    outcomes={"answered": 1234.0, "busy": 0.5, "failed": 0.0},
    p50_seconds=0.0123,
    p95_seconds=0.25,
    p99_seconds=2.5,
    busy_share=0.5,
    in_flight=3.0,
    waiting=1.0,
    limit=64.0,
    queue_seconds=0.001,
    decode_seconds=0.002,
    inference_seconds=0.004,
    photos_per_second=2.0,
    refused_photos={"not_a_photo": 0.5},
    classes={"apple": 0.4, "pear": 0.2, "": 0.15, "fig": 0.1, "kiwi": 0.1, "plum": 0.05},
    confidence=0.93,
    replicas=(UP, DOWN),
)
PAGE = """viewfinder_ready 1.0
viewfinder_model_info{model="NAME",version="NAME"} 1.0
viewfinder_predictions_total{predicted="NAME"} COUNT
"""


class _Predictor(QuietHandler):
    count = 0

    def do_GET(self) -> None:
        type(self).count += 1
        name = HOSTILE.replace("\n", r"\n")
        self.send(200, PAGE.replace("NAME", name).replace("COUNT", str(self.count)).encode())


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serving(_Predictor) as url:
        yield url


def draw(picture: Picture, figures: ServingFigures, width: int, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding)
    console = Console(width=width, file=file)
    with console.capture() as captured:
        console.print(picture.draw(figures, console.options))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def test_the_line() -> None:
    assert write_line(FIGURES).partition("  ")[2] == (
        "1,234.5 requests/s (answered 1,234, busy 0.5)  p50 12.3 ms  p95 250 ms  p99 2.50 s  "
        "50.0% busy  1 waiting  3 in flight of at most 64  1 of 2 up  "
        "http://10.0.0.2:8080: no server listening there"
    )


def test_the_picture() -> None:
    shown = draw(Picture("fruit"), FIGURES, 200)
    for line in (
        "latency  p50 12.3 ms  p95 250 ms  p99 2.50 s",
        "mean     queue 1 ms  decode 2 ms  inference 4 ms",
        "photos   2/s  refused (not_a_photo 0.5)",
        "classes  apple 40.0%  pear 20.0%  others 15.0%  fig 10.0%  kiwi 10.0%  and 1 more  "
        "mean confidence 93.0%",
        "replica  http://10.0.0.1:8080: ready, version 7 int8, digest 0123456789ab, 20 requests/s, "
        "memory 512 MiB of 1,024 MiB (50%), started in 4.25 s (load 1.50 s), throttled 25.0%",
        "replica  http://10.0.0.2:8080: down (no server listening there)",
    ):
        assert line in shown.splitlines()


@pytest.mark.parametrize("width", [10, 20, 40, 80])
def test_a_narrow_terminal(width: int) -> None:
    """Nothing is cut off, and no line is wider than the terminal."""
    picture = Picture("fruit")
    for _ in range(width + 10):  # more than there is room for
        picture.draw(FIGURES, Console(width=width).options)
    shown = draw(picture, FIGURES, width)
    assert max(map(len, shown.splitlines())) <= width
    if width > 10:
        assert "throttled25.0%" in "".join(line[9:] for line in shown.splitlines()).replace(" ", "")


def test_a_terminal_without_other_letters_has_no_bars() -> None:
    assert draw(Picture(""), FIGURES, 80, "ascii").isascii()


def test_nothing_is_known_yet() -> None:
    empty = ServingFigures(datetime.now(UTC), problem="http://a: HTTP 503")
    assert write_line(empty).endswith("  http://a: HTTP 503")
    assert "problem  http://a: HTTP 503" in draw(Picture("fruit"), empty, 80)


def test_bars() -> None:
    assert draw_bars(deque([9.0, None, 0.0, 1.0, 2.0]), 4) == " ▁▅█"
    assert draw_bars(deque([0.0, 0.0]), 9) == "▁▁"


def test_names_do_not_control_the_terminal(endpoint: str) -> None:
    figures = ServingFigures(
        datetime.now(UTC),
        classes={HOSTILE: 1.0},
        outcomes={HOSTILE: 1.0},
        refused_photos={HOSTILE: 1.0},
        replicas=(ServingReplica(HOSTILE, HOSTILE), ServingReplica("b", "", True, *[HOSTILE] * 4)),
    )
    shown = draw(Picture(HOSTILE), figures, 200)
    assert make_printable(shown, lines=True) == shown
    assert shown.count(r"\x1b[31mred\u202e") == 9
    line = write_line(figures)
    assert make_printable(line) == line


def test_json_has_the_same_values(endpoint: str) -> None:
    options = ("--endpoint", endpoint, "--count", "2", "--interval", "0.1", "--json")
    result = CliRunner().invoke(main, ["watch", *options])
    assert make_printable(result.stdout, lines=True) == result.stdout
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["classes"] == {HOSTILE: 1.0}
    assert first["replicas"][0]["model"] == HOSTILE
    assert datetime.fromisoformat(first["time"]) < datetime.fromisoformat(second["time"])


def test_another_model_is_served_there(endpoint: str) -> None:
    result = CliRunner().invoke(main, ["watch", "fruit", "--endpoint", endpoint])
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: expected a predictor of the model fruit at {endpoint}, received one of the model "
        f"{SHOWN.removesuffix(chr(92) + 'n')}\n; name that model, or another predictor with "
        "--endpoint\n"
    )
