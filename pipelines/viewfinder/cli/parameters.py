"""The command that lists the pipelines' parameters."""

import shutil
import sys
from typing import TYPE_CHECKING

import click

from viewfinder.cli.group import StrictCommand

if TYPE_CHECKING:
    from viewfinder_components.parameters import Parameter

_WIDEST = 88  # characters; longer lines are hard to read
_INTRODUCTION = """\
# Parameters

`viewfinder run`, `submit`, `schedule set` and `deploy` take each of these as `--set NAME=VALUE`; \
the settings file takes them under `[parameters]` (see [viewfinder.toml](viewfinder.toml)). \
`viewfinder parameters` prints them on a terminal. `make parameters` writes this page.
"""


@click.command(cls=StrictCommand)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--pipeline",
    default="training",
    show_default=True,
    help="Which pipeline: training, deployment or batch-prediction.",
)
@click.option("--markdown", is_flag=True, help="Print docs/parameters.md, with all pipelines.")
def parameters(names: tuple[str, ...], pipeline: str, markdown: bool) -> None:
    """List the parameters that --set takes, or describe those that are named."""
    from viewfinder.pipelines import find_parameter, find_pipeline

    if markdown:
        click.echo(render_page(), nl=False)
        return
    chosen = find_pipeline(pipeline)
    wanted = {find_parameter(name, chosen).name for name in names}
    for parameter in chosen.parameters.values():
        if not wanted or parameter.name in wanted:
            click.echo(_describe(parameter))


def render_page() -> str:
    """Return docs/parameters.md."""
    from viewfinder.pipelines import PIPELINES, to_markdown

    sections = [
        f"## {pipeline.label.capitalize()}\n{pipeline.summary}\n\n"
        + to_markdown(pipeline.parameters.values())
        for pipeline in PIPELINES
    ]
    return "\n".join([_INTRODUCTION, *sections])


def _describe(parameter: "Parameter") -> str:
    from viewfinder.pipelines import write_default

    default = write_default(parameter)
    told = default if parameter.is_required else f"default: {default or 'empty'}"
    heading = f"{click.style(parameter.name, bold=True)}  [{parameter.rule}; {told}]"
    return f"{heading}\n{_wrap(parameter.description)}"


def _wrap(text: str) -> str:
    """Indent a text, and wrap it where a person reads it; programs search whole lines."""
    indent = "    "
    if not sys.stdout.isatty():
        return indent + text
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return click.wrap_text(text, width, indent, indent)
