"""What `viewfinder predict --data` accepts, prints and exits with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.servables import draw, write_version

import viewfinder
from viewfinder.cli.main import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    write_version(tmp_path / "home" / "models" / "colour" / "7")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(draw("red"))
    return tmp_path


def predict(*options: str) -> Result:
    return CliRunner().invoke(main, ["predict", *options])


BATCH = ("--data", "photos", "--output", "out.parquet")
COLOUR = ("--model-version", "colour")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("a.jpg", *BATCH, "--endpoint", "http://h"), "--data, --output goes with --data."),
        (("a.jpg", *COLOUR), "Write --data FOLDER --output FILE instead of PHOTO"),
        (("a.jpg", "--overwrite", "--endpoint", "http://h"), "--overwrite goes with --data"),
        (("a.jpg",), "Missing option '--endpoint'. Serve a version with `viewfinder serve"),
        ((), "Missing argument 'PHOTO...', or --data SOURCE"),
        (("--data", "photos", *COLOUR), "Missing option '--output'"),
        (("--output", "out.parquet", *COLOUR), "Missing option '--data'"),
        (BATCH, "expected either --model-version or --endpoint, received neither"),
        ((*BATCH, *COLOUR, "--endpoint", "http://h"), "received both"),
        ((*BATCH, *COLOUR, "--model", "colour"), "expected --model only with --endpoint"),
        ((*BATCH, "--endpoint", "h:80"), "write --endpoint http://h:80"),
        (
            (*BATCH[:3], "out.csv", *COLOUR),
            "a path or a gs://, s3:// or minio:// URI that ends",
        ),
    ],
)
def test_wrong_usage(options: tuple[str, ...], sentence: str, home: Path) -> None:
    result = predict(*options)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not (home / "out.parquet").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((*BATCH, "--model-version", "colour/9"), "a published version 9 of colour"),
        ((*BATCH, "--model-version", "color"), "did you mean colour?"),
        (("--data", "gone", *BATCH[2:], *COLOUR), "'gone', which does not exist"),
        ((*BATCH[:3], "gone/out.parquet", *COLOUR), "create it, or correct --output"),
        ((*BATCH, "--endpoint", "http://127.0.0.1:9"), "no server listening there"),
    ],
)
def test_what_cannot_work(options: tuple[str, ...], sentence: str, home: Path) -> None:
    result = predict(*options)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert sorted(path.name for path in home.iterdir()) == ["home", "photos"]


@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_an_output_that_is_a_pipe(more: tuple[str, ...], home: Path) -> None:
    os.mkfifo(home / "out.parquet")
    result = predict(*BATCH, *COLOUR, *more)
    assert result.exit_code == 1
    assert "received a pipe, a device or a socket; name another file with --output" in result.stderr
    assert (home / "out.parquet").is_fifo()


def test_the_counts_are_printed(home: Path) -> None:
    (home / "photos" / "notes.txt").write_text("no photo")
    result = predict(*BATCH, *COLOUR)
    assert result.exit_code == 0, result.stderr
    assert f"{home}/out.parquet: 1 classified by colour/7, 0 unreadable, 1 ignored" in result.stdout
    (home / "photos" / "bad.jpg").write_text("no photo")
    result = predict(*BATCH, *COLOUR)
    assert result.exit_code == 1
    assert "replace what is there with --overwrite" in result.stderr
    result = predict(*BATCH, *COLOUR, "--overwrite", "--json")
    assert result.exit_code == 4
    assert json.loads(result.stdout)["counts"] == {"ok": 1, "unreadable": 1, "ignored": 1}
    assert "the column reason says why" not in result.stderr
    result = predict(*BATCH, *COLOUR)
    assert result.exit_code == 4
    assert "the column reason says why" in result.stderr


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_name_that_is_not_utf_8(more: tuple[str, ...], home: Path) -> None:
    output = os.fsdecode(os.fsencode(home) + b"/\xe9.parquet")
    command = str(Path(sys.executable).with_name("viewfinder"))
    done = subprocess.run(
        [command, "predict", *BATCH[:3], output, *COLOUR, *more],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if more:
        assert json.loads(done.stdout)["path"] == output
    else:
        assert done.stdout.startswith(os.fsencode(home) + rb"/\xe9.parquet: ")


def test_a_thread_names_options_as_well(home: Path) -> None:
    """The predictor's second answer, which a thread reads, is broken."""

    class Leaving(QuietHandler):
        def do_GET(self) -> None:
            self.send(200, b'{"models": ["m"], "versions": ["1"]}')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            answer = {"label": "a", "labels": ["a"], "probabilities": [1.0]}
            asked.append(1)
            self.send(200, json.dumps({"predictions": [answer] * (len(asked) == 1)}).encode())

    asked: list[int] = []
    with serving(Leaving) as url:
        result = predict(*BATCH, "--endpoint", url)
    assert result.exit_code == 1
    assert "check that --endpoint is a predictor's address" in result.stderr


@pytest.mark.parametrize("error", [BrokenPipeError(32, "gone"), OSError(28, "full"), KeyError("a")])
def test_an_error_of_the_users_own_function_is_theirs(error: Exception, home: Path) -> None:
    def complain(line: str) -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        viewfinder.predict_batch("photos", "out.parquet", model_version="colour", progress=complain)
    assert raised.value is error
    done = viewfinder.predict_batch("photos", "out.parquet", model_version="colour")
    assert (done.counts["ok"], done.resumed) == (1, 1)


def test_from_python(home: Path) -> None:
    said: list[str] = []
    done = viewfinder.predict_batch(
        home / "photos", home / "out.parquet", model_version="colour", progress=said.append
    )
    assert done.counts["ok"] == pq.read_metadata(done.path).num_rows == 1
    assert said[-1].startswith("predict: files 1 of 1 (100%)")
