"""Nothing that others named or answered controls the terminal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.servables import draw, write_version

from viewfinder.cli.main import main
from viewfinder_components.printable import make_printable

HOSTILE = "\x1b[31mred\u202e\u200b\x9b"
SHOWN = r"\x1b[31mred\u202e\u200b\x9b"


class _Hostile(QuietHandler):
    def do_GET(self) -> None:
        self.send(200, json.dumps({"models": [HOSTILE], "versions": [HOSTILE]}).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        answer = {"label": HOSTILE, "labels": [HOSTILE, "b"], "probabilities": [0.75, 0.25]}
        self.send(200, json.dumps({"predictions": [answer]}).encode())


@pytest.fixture
def endpoint() -> Iterator[str]:
    with serving(_Hostile) as url:
        yield url


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    return tmp_path


def invoke(*arguments: str) -> Result:
    result = CliRunner().invoke(main, arguments)
    assert make_printable(result.output, lines=True) == result.output
    return result


def test_a_served_class(endpoint: str, home: Path) -> None:
    Path(f"{HOSTILE}\n.png").write_bytes(draw("red"))
    result = invoke("predict", f"{HOSTILE}\n.png", "none\x1b.png", "--endpoint", endpoint)
    assert result.stdout == f"{SHOWN}\\n.png: {SHOWN} ({SHOWN} 75.0%, b 25.0%)\n"
    assert r"none\x1b.png: there is no such file" in result.stderr


def test_json_has_the_same_values(endpoint: str, home: Path) -> None:
    Path(f"{HOSTILE}.png").write_bytes(draw("red"))
    result = invoke("predict", f"{HOSTILE}.png", "--endpoint", endpoint, "--json")
    told = json.loads(result.stdout)
    assert (told["photo"], told["label"]) == (f"{HOSTILE}.png", HOSTILE)


def test_a_served_model_that_classifies_many(endpoint: str, home: Path) -> None:
    (home / "photos" / f"{HOSTILE}.png").write_bytes(draw("red"))
    output = f"{HOSTILE}.parquet"
    result = invoke("predict", "--data", "photos", "--output", output, "--endpoint", endpoint)
    assert result.exit_code == 0
    assert f"classified by {SHOWN}/{SHOWN}" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--data", "photos", HOSTILE),
        ("run", f"--{HOSTILE}"),
        ("run", "--data", HOSTILE),
        ("run", "--data", "photos", "--set", f"{HOSTILE}=1"),
        ("run", "--data", "photos", "--set", f"backbone={HOSTILE}"),
        ("show", HOSTILE),
        ("serve", HOSTILE),
        ("versions", HOSTILE),
        ("parameters", HOSTILE),
        ("compile", "-o", HOSTILE),
        ("compile", "--pipeline", HOSTILE),
        ("deploy", HOSTILE),
        (HOSTILE,),
    ],
)
def test_arguments_that_errors_quote(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code in (1, 2)
    assert "Error: " in result.output


def test_a_version_below_a_folder_of_any_name(home: Path) -> None:
    write_version(home / HOSTILE / "models" / "colour" / "7")
    result = invoke("versions", "colour", "--model-root", str(home / HOSTILE / "models"))
    assert result.stdout == f"7\tfile://{home}/{SHOWN}/models/colour/7\n"
