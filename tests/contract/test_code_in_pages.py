"""The commands and the Python code in the pages are understood by the program they call."""

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt
from website.notebook_page import write_notebook

import viewfinder
from viewfinder.cli.main import main
from viewfinder_pipelines.pipeline.registry import PIPELINES

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "manifests/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]
_PROGRAM = re.compile(r"^(?:\.venv/bin/)?viewfinder ")
_RECEIVERS = {
    "kubeflow": viewfinder.KubeflowPipelines,
    "submitted": viewfinder.SubmittedRun,
    "again": viewfinder.SubmittedRun,
}
_ANY_PARAMETER = {name for pipeline in PIPELINES for name in pipeline.parameters}


def read_page(page: Path) -> str:
    """Return the Markdown of a page, which may be a notebook."""
    text = page.read_text("utf-8")
    return write_notebook(text) if page.suffix == ".ipynb" else text


def read_commands(page: Path) -> Iterator[str]:
    """Yield every command line in the blocks of a page that starts with `viewfinder`."""
    for token in MarkdownIt().parse(read_page(page)):
        if token.type in ("code_block", "fence"):
            lines = re.sub(r"\\\n\s*", "", token.content).splitlines()
            yield from (line for line in map(str.strip, lines) if _PROGRAM.match(line))


def read_mentions(page: Path) -> Iterator[str]:
    """Yield every mention of a command in the text of a page, often without its arguments."""
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(read_page(page)):
        for child in token.children or ():
            if child.type == "code_inline" and _PROGRAM.match(child.content):
                yield child.content


def cut(line: str) -> list[str]:
    """Return the words of a command line after `viewfinder`, without what the shell takes."""
    words = shlex.split(line, comments=True)[1:]
    ends = [at for at, word in enumerate(words) if word in (">", "|", "&&", ";")]
    return words[: ends[0]] if ends else words


def find_command(words: list[str]) -> click.Command:
    """Return the command that the first words name.

    Raises:
        click.UsageError: There is none.
    """
    command: click.Command = main
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            raise click.UsageError(f"no command {word}")
        command = found
    return command


def parse(command: click.Command, args: list[str], parent: click.Context | None = None) -> None:
    """Parse a command line without running it.

    Raises:
        click.UsageError: It has an unknown command or option, or lacks an argument.
    """
    name = command.name or "viewfinder"
    if not isinstance(command, click.Group) or not args:
        command.make_context(name, args, parent=parent)
        return
    context = click.Context(command, parent, name)
    found = command.get_command(context, args[0])
    if found is None:
        raise click.UsageError(f"no command {args[0]}")
    parse(found, args[1:], context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_in_a_page_can_be_typed(page: Path) -> None:
    for line in read_commands(page):
        try:
            parse(main, cut(line))
        except click.UsageError as error:
            pytest.fail(f"{line}: {error.format_message()}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_command_that_a_page_mentions_exists(page: Path) -> None:
    for line in read_mentions(page):
        words = re.sub(r"[\[\]|]|\.\.\.", " ", line).split()[1:]
        command = find_command(words)
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        known |= {"--help", "--version"}
        own = words[: words.index("--")] if "--" in words else words
        named = {word.partition("=")[0] for word in own if word.startswith("--")}
        assert named <= known, line


def read_code(page: Path) -> Iterator[ast.Module]:
    """Yield every block of Python in a page; one that does not parse is an error."""
    for token in MarkdownIt().parse(read_page(page)):
        if token.type == "fence" and token.info == "python":
            yield ast.parse(token.content, str(page))


def find_callable(node: ast.Call) -> object:
    """Return what of the public interface is called, or None."""
    if not isinstance(node.func, ast.Attribute) or not isinstance(node.func.value, ast.Name):
        return None
    receiver = _RECEIVERS.get(node.func.value.id)
    if node.func.value.id == "viewfinder":
        return getattr(viewfinder, node.func.attr)
    return getattr(receiver, node.func.attr) if receiver else None


def find_unknown(node: ast.Call, called: object) -> set[str]:
    """Return the keyword arguments of a call that the function does not take."""
    given = {keyword.arg for keyword in node.keywords if keyword.arg}
    parameters = inspect.signature(called).parameters.values()  # type: ignore[arg-type]
    takes = {parameter.name for parameter in parameters}
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        # A pipeline of one's own has parameters that are not known here.
        takes |= given if "pipeline" in given else _ANY_PARAMETER
    return given - takes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_code_in_a_page_calls_what_is_public(page: Path) -> None:
    for block in read_code(page):
        for node in ast.walk(block):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "viewfinder":
                assert node.attr in viewfinder.__all__
            if isinstance(node, ast.Call) and (called := find_callable(node)) is not None:
                assert find_unknown(node, called) == set(), ast.unparse(node)


def test_these_tests_find_commands_and_code() -> None:
    assert sum(1 for page in PAGES for _ in read_commands(page)) > 20
    assert sum(1 for page in PAGES for _ in read_code(page)) > 5
    assert sum(1 for page in PAGES for _ in read_mentions(page)) > 50
    with pytest.raises(click.UsageError, match="--modle"):
        parse(main, ["run", "--data", "photos", "--modle-name", "pets"])
