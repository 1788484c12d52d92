"""`viewfinder serve`: says that it serves once it does, and hands signals on."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.fixtures.foreign_modules import write_foreign_modules
from tests.fixtures.waiting import PATIENCE
from tests.serving.conftest import Predictor
from tests.serving.test_lifecycle import write_manifest


@pytest.fixture
def version(servable_dir: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "colour" / "1"
    shutil.copytree(servable_dir, folder)
    write_manifest(folder)
    return folder


def command(version: Path, port: int, *more: str) -> list[str]:
    # A shell's background job ignores SIGINT and hands that on.
    viewfinder = str(Path(sys.executable).with_name("viewfinder"))
    signals = "--default-signal=INT,HUP"
    return ["env", signals, viewfinder, "serve", str(version), "--port", str(port), *more]


@contextmanager
def serving(
    version: Path, *more: str, place: Path | None = None
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Serve at a free port; yield the process and the predictor's URL."""
    with subprocess.Popen(
        command(version, 0, *more),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place or version.parent,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith(f"serving {version} at http://127.0.0.1:"), said
            yield process, said.split()[-1]
        finally:
            process.kill()


def test_it_serves_when_it_says_so(version: Path) -> None:
    with serving(version) as (_, url):
        assert httpx.get(f"{url}/v2/health/ready").is_success
        assert httpx.get(f"{url}/v1/models").json() == {"models": ["colour"]}


def test_modules_of_the_working_directory_are_not_imported(version: Path, tmp_path: Path) -> None:
    with serving(version, place=write_foreign_modules(tmp_path / "work")) as (_, url):
        assert httpx.get(f"{url}/v2/health/ready").is_success


def test_a_port_in_use_is_not_served(version: Path, predictor: Predictor) -> None:
    done = subprocess.run(
        command(version, predictor.port), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "in use" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_reaches_the_predictor_once(version: Path, number: int) -> None:
    with serving(version) as (process, _):
        process.send_signal(number)
        _, log = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
    assert log.count("no longer ready") == 1


def test_it_hands_on_the_question_what_the_threads_do(version: Path) -> None:
    with serving(version) as (process, url):
        assert process.stderr is not None
        process.send_signal(signal.SIGUSR1)
        for line in process.stderr:
            if "most recent call first" in line:
                break
        assert httpx.get(f"{url}/v2/health/ready").is_success


def test_options_of_the_predictor_follow_two_dashes(version: Path) -> None:
    with serving(version, "--", "--max-photos", "1") as (_, url):
        body = {"instances": [{"b64": "AA=="}, {"b64": "AA=="}]}
        answer = httpx.post(f"{url}/v1/models/colour:predict", json=body)
    assert answer.status_code == 400
    assert "1 to 1 photos" in answer.json()["error"]


def test_an_unknown_option_of_the_predictor_is_named(version: Path) -> None:
    done = subprocess.run(
        command(version, 0, "--", "--max-photo", "1"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "unrecognized arguments: --max-photo 1; did you mean --max-photos?" in done.stderr


@pytest.mark.parametrize("option", ["--ready-file=x", "--ready_file", "--model-dir", "--port"])
def test_an_option_that_the_command_sets_itself_is_refused(version: Path, option: str) -> None:
    done = subprocess.run(
        command(version, 0, "--", option, "x"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    name = option.partition("=")[0].replace("_", "-")
    assert f"expected options of the predictor after --, received {name}; " in done.stderr


def test_the_predictor_ends_with_a_command_that_is_killed(version: Path) -> None:
    with serving(version) as (process, url):
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        assert process.stderr is not None
        process.stderr.read()  # it ends when the predictor, which holds it as well, has ended
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/v2/health/ready")
