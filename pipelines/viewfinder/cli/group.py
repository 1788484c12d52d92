"""How commands take their arguments, and how groups of them are listed."""

from collections.abc import Iterator, Set
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

_LONGEST = 1000  # characters; click cuts at the terminal's width, in the middle of a sentence


class StrictCommand(click.Command):
    """A command that refuses an option given twice or with an empty value.

    click would take the last one without a word; and an unset variable of a shell leaves an empty
    value, which must not stand for the default where versions or services are removed.

    Args:
        args: As click's.
        kubeflow_only: The names of the options that go with `--on kubeflow`.
        attributes: As click's.
    """

    def __init__(
        self, *args: Any, kubeflow_only: Set[str] = frozenset(), **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._kubeflow_only = kubeflow_only

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those that only mean something on Kubeflow below the others."""
        always: list[tuple[str, str]] = []
        on_kubeflow: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue  # the line with the usage has it, and the text explains it
            if (row := parameter.get_help_record(ctx)) is not None:
                (on_kubeflow if parameter.name in self._kubeflow_only else always).append(row)
        with formatter.section("Options"):
            formatter.write_dl(always)
        if on_kubeflow:
            with formatter.section("Options that go with --on kubeflow"):
                formatter.write_dl(on_kubeflow)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the arguments apart."""
        try:
            if not ctx.resilient_parsing:
                self._refuse_repeated(ctx, list(args))
            rest = super().parse_args(ctx, args)
        except click.UsageError as error:
            for advice in self._advise(error):
                sentence = error.format_message().rstrip(".") + ". " + advice
                raise click.UsageError(sentence, ctx) from None
            raise
        if not ctx.resilient_parsing:
            self._refuse_empty(ctx)
        return rest

    def _advise(self, error: click.UsageError) -> Iterator[str]:
        """Yield what to write in place of an option or an argument that does not exist."""
        names = {parameter.name for parameter in self.params}
        if isinstance(error, click.NoSuchOption):
            if "options" in names:
                yield f"Write the predictor's options after two dashes: -- {error.option_name}"
            elif "assignments" in names and (name := _find_parameter(error.option_name)):
                yield f"It is a parameter: write --set {name}=VALUE"
        elif "unexpected extra argument" in error.message:
            if "data" in names:
                yield "Write --data before the photos."
            elif "servers" in names:
                yield "Write servers with commas and without spaces: --servers viewfinder,flask"

    def _refuse_empty(self, ctx: click.Context) -> None:
        for option in self.params:
            name = option.name or ""
            if ctx.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
                continue
            value = ctx.params.get(name)
            if value == "" or (isinstance(value, tuple) and "" in value):
                raise click.BadParameter("It is empty.", ctx, option)

    def _refuse_repeated(self, ctx: click.Context, args: list[str]) -> None:
        _, _, order = self.make_parser(ctx).parse_args(args)
        single = [one for one in order if isinstance(one, click.Option) and not one.multiple]
        for option in single:
            if single.count(option) > 1:
                raise click.UsageError(f"Option '{option.opts[-1]}' is given twice.", ctx)


def _find_parameter(option: str) -> str:
    """Return the training pipeline's parameter that an option names; empty if there is none."""
    from viewfinder.pipelines import TRAINING

    name = option.lstrip("-").replace("-", "_")
    return name if name in TRAINING.parameters else ""


class FilePath(click.ParamType[Path]):
    """A path that is not empty: `Path("")` would stand for the working directory."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Make a path of a string."""
        if value == "":
            self.fail("It is empty.", param, ctx)
        return Path(value)


def need_text(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Refuse an empty text, as an unset variable of a shell leaves it; a click callback."""
    if value == "":
        raise click.BadParameter("It is empty.", ctx, parameter)
    return value


def need_model(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Refuse MODEL/NUMBER where a command is about all versions of a model; a click callback."""
    from viewfinder.versions import split_number

    model, number = split_number(need_text(ctx, parameter, value))
    if number is not None:
        raise click.BadParameter(f"It takes a model, not a version: write {model}.", ctx, parameter)
    return value


class HelpfulGroup(click.Group):
    """A group that lists its commands with the whole first sentence of each."""

    command_class = StrictCommand

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the one that was meant, where click names several."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = get_close_matches(name, self.list_commands(ctx), n=1)
            question = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{name}'.{question}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        names = self.list_commands(ctx)
        commands = {name: self.commands[name] for name in names}
        rows = [(name, one.get_short_help_str(_LONGEST)) for name, one in commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
