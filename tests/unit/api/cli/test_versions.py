"""Published versions on the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main

COMMANDS = (("versions",), ("prune", "--nothing-served"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for version in ("fruit/1", "fruit/2", "pets/1"):
        (tmp_path / version).mkdir(parents=True)
        (tmp_path / version / "manifest.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "a file").touch()
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("model", "remedy"),
    [("fruits", "did you mean fruit?"), ("cars", "correct the name or --model-root")],
)
def test_a_model_that_is_not_there(
    command: tuple[str, ...], model: str, remedy: str, root: Path
) -> None:
    result = CliRunner().invoke(main, [*command, model, "--model-root", str(root)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: expected a published version of {model} under {root}, "
        f"received only fruit, pets there; {remedy}\n"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_root_without_models(command: tuple[str, ...], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*command, "fruit", "--model-root", str(tmp_path / "lost")])
    assert result.exit_code == 1
    assert "received no model there; correct the name or --model-root" in result.stderr


@pytest.mark.parametrize(
    ("model", "line"), [("fruit", "kept 2 of 2 versions"), ("pets", "kept the only version")]
)
def test_what_stays_is_counted_in_words(model: str, line: str, root: Path) -> None:
    arguments = ["prune", model, "--nothing-served", "--model-root", str(root)]
    assert CliRunner().invoke(main, arguments).output == f"{line}\n"


def test_one_version_is_listed_by_its_number(root: Path) -> None:
    result = CliRunner().invoke(main, ["versions", "fruit/2", "--model-root", str(root)])
    assert result.output == f"2\tfile://{root}/fruit/2\n"
    result = CliRunner().invoke(main, ["versions", f"file://{root}/fruit/2"])
    assert result.output == f"2\tfile://{root}/fruit/2\n"
    result = CliRunner().invoke(main, ["versions", "fruit/7", "--model-root", str(root)])
    assert result.exit_code == 1
    assert "received only 2, 1 there; name one of these" in result.stderr


@pytest.mark.parametrize(
    "command",
    [("prune", "fruit/1", "--nothing-served"), ("rollback", "fruit/1"), ("undeploy", "fruit/1")],
)
def test_a_command_about_a_model_takes_no_number(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert "It takes a model, not a version: write fruit." in result.stderr


def test_versions_are_listed(root: Path) -> None:
    result = CliRunner().invoke(main, ["versions", "fruit", "--model-root", str(root)])
    assert result.output == f"1\tfile://{root}/fruit/1\n2\tfile://{root}/fruit/2\n"


@pytest.mark.parametrize(
    ("option", "output"),
    [((), "fruit\npets\n"), (("--json",), '{"model": "fruit"}\n{"model": "pets"}\n')],
)
def test_without_a_model_the_models_are_listed(
    option: tuple[str, ...], output: str, root: Path
) -> None:
    result = CliRunner().invoke(main, ["versions", *option, "--model-root", str(root)])
    assert (result.exit_code, result.output) == (0, output)


def test_where_nothing_is_published_the_remedy_is_a_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["versions", "--model-root", str(tmp_path)])
    assert result.exit_code == 1
    assert "run --data PHOTOS`, or name another --model-root" in result.stderr
    assert "'" not in result.stderr
