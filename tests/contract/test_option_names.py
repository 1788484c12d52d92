"""Messages name what their reader can set: a parameter in Python, an option in a command."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import viewfinder
from viewfinder.cli.errors import Sentences
from viewfinder.cli.main import main
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell, spelled

SOURCES = [
    *Path("components/viewfinder_components").rglob("*.py"),
    *Path("pipelines/viewfinder_pipelines").rglob("*.py"),
    *Path("pipelines/viewfinder").glob("*.py"),
]
# They read and pass on what was typed on a command line.
OF_COMMAND_LINES = {"assignments.py", "serving.py"}
MODULES = [one for one in SOURCES if one.name not in OF_COMMAND_LINES]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
COMMAND = re.compile(r"`[^`]*`|kubectl [^`]*|docker build [^`]*|var\([^)]*\)|\w+=--\S*")


def written(path: Path) -> Iterator[str]:
    """Yield the texts of a module that are neither docstrings nor single arguments of a program."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    parts = {id(part) for one in nodes if isinstance(one, ast.JoinedStr) for part in one.values}
    told = {id(one.value) for one in nodes if isinstance(one, ast.Expr)} | parts
    for text in (read(one) for one in nodes if id(one) not in told):
        if not text.startswith(("--", "viewfinder ")):  # an argument, or a whole command
            yield COMMAND.sub("", text)


def read(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(read(part) or "VALUE" for part in node.values)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else ""  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_message_names_an_option(path: Path) -> None:
    assert [text for text in written(path) if OPTION.search(text)] == []


def test_what_python_says() -> None:
    assert spell("model_root") == "model_root"
    assert spell("keep", 3) == "keep=3"
    assert spell("compare", False) == "compare=False"
    assert spell("host", "http://h") == 'host="http://h"'
    assert spell("data", "PHOTOS") == "data=PHOTOS"


@click.group(cls=Sentences)
def _group() -> None: ...


@_group.command("go")
@click.option("--to", "number")
@click.option("--plainly", "compare", is_flag=True, flag_value=False, default=True)
@click.option("-p", "--place", "model_root")
def _go(**_: object) -> None:
    names = (spell("number"), spell("number", 3), spell("compare", False), spell("model_root"))
    others = (spell("adopt", True), spell("weights", "a b"), spell("elsewhere"), spell("away"))
    raise UsageError(" ".join(names), " ".join(others), "stop")


@_group.command()
@click.option("--far-away", "away")
def _other(**_: object) -> None: ...


def test_what_the_command_line_says() -> None:
    said = CliRunner().invoke(_group, ["go"]).stderr
    assert said == (
        "Error: expected --to --to 3 --plainly --place, received --set adopt=true "
        "--set 'weights=a b' elsewhere --far-away; stop\n"
    )


def test_outside_of_any_command() -> None:
    from viewfinder.cli.spelling import spell_option

    with spelled(spell_option):
        assert spell("model_root") == "model_root"
    assert spell("model_root") == "model_root"


def test_the_same_error_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path))
    with pytest.raises(viewfinder.UsageError) as caught:
        viewfinder.run()
    assert str(caught.value).endswith(
        "received no data; name a folder with one folder of photos per class: data=PHOTOS"
    )
    assert (
        CliRunner()
        .invoke(main, ["run"])
        .stderr.endswith(
            "received no --data; name a folder with one folder of photos per class: --data PHOTOS\n"
        )
    )


def test_a_predictor_that_is_no_url() -> None:
    with pytest.raises(viewfinder.UsageError, match=r'^expected endpoint .* write endpoint="http'):
        list(viewfinder.predict("a.jpg", "h:81"))
    said = CliRunner().invoke(main, ["predict", "a.jpg", "--endpoint", "h:81"]).stderr
    assert said.startswith("Error: expected --endpoint to be")
    assert said.endswith("write --endpoint http://h:81\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("run --data photos --model-name Pets", "--model-name"),
        ("run --data photos --backbone resnet", "--backbone"),
        ("run --data lost", "--data"),
        ("run --data photos --set epochs=0", "epochs"),
        # Only another command has an option of this name.
        ("run --data photos --set min_replicas=-1", "min_replicas"),
        ("cost --capacity 70 --min-replicas 0", "--min-replicas"),
        ("cost --capacity 0", "--capacity"),
        ("cost --capacity 70 --cold-start -1", "--cold-start"),
        # Its option is the opposite, and takes no value.
        ("deploy pets --model-root s3://b/m --set compare=maybe", "compare"),
    ],
)
def test_a_refused_value_is_told_with_what_was_typed(
    arguments: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    said = CliRunner().invoke(main, arguments.split()).stderr
    assert said.startswith(f"Error: expected {named} to be "), said
