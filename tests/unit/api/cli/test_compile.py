"""What `viewfinder compile` says about images that no registry has."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main

NAMED = """
[steps]
image = "registry.example/steps:1"
[steps.check]
image = "registry.example/predictor:1"
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIEWFINDER_STEPS_IMAGE", raising=False)
    monkeypatch.delenv("VIEWFINDER_PREDICTOR_IMAGE", raising=False)


@pytest.mark.parametrize("options", [["-o", "pipeline.yaml"], ["--components", "components"]])
def test_images_that_nobody_named(options: list[str]) -> None:
    done = CliRunner().invoke(main, ["compile", *options])
    assert done.exit_code == 0
    assert "the pods would use viewfinder/predictor:" in done.stderr
    assert "viewfinder/steps:" in done.stderr
    assert "make images" in done.stderr
    assert "registry" not in done.stdout


@pytest.mark.parametrize("options", [["-o", "pipeline.yaml"], ["--components", "components"]])
def test_images_of_the_settings_file(options: list[str]) -> None:
    Path("viewfinder.toml").write_text(NAMED)
    assert CliRunner().invoke(main, ["compile", *options]).stderr == ""


@pytest.mark.parametrize(
    ("options", "place"),
    [(["-o", "p.yaml"], "p.yaml"), (["--components", "components"], "components/train.yaml")],
)
def test_a_pipe_is_not_replaced(options: list[str], place: str) -> None:
    Path("components").mkdir()
    os.mkfifo(place)
    done = CliRunner().invoke(main, ["compile", *options])
    assert done.exit_code == 1
    assert "received a pipe, a device or a socket; name another" in done.stderr
    assert Path(place).is_fifo()


def test_a_pipeline_without_the_check_needs_no_predictor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_STEPS_IMAGE", "registry.example/steps:1")
    done = CliRunner().invoke(main, ["compile", "--pipeline", "deployment", "-o", "d.yaml"])
    assert done.stderr == ""
