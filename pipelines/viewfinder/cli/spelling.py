"""How messages name what the options of the command at work set."""

import shlex
from typing import Any

import click

from viewfinder_components.spelling import Spelling


def spell_option(name: str, value: Any = None) -> str:
    """Return an option and its value as they are typed; see `viewfinder_components.spelling`.

    A parameter that has no option of its own is set with `--set`, where the command has that.

    Args:
        name: The parameter's name in Python.
        value: What to set it to; None for the name alone.
    """
    option = _find(name)
    if option and not (value is None and _negates(option)):
        return _write(option, value)
    if value is None:
        return name
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"--set {shlex.quote(f'{name}={text}')}"


def spelling_below(group: click.Context) -> Spelling:
    """Return `spell_option` for all threads; click knows the command at work in one of them only.

    Args:
        group: The context of the group whose commands are run.
    """

    def spell_anywhere(name: str, value: Any = None) -> str:
        if click.get_current_context(silent=True) is not None:
            return spell_option(name, value)
        with _at_work(group).scope(cleanup=False):
            return spell_option(name, value)

    return spell_anywhere


def _at_work(group: click.Context) -> click.Context:
    known = group.command.commands if isinstance(group.command, click.Group) else {}
    command = known.get(group.invoked_subcommand or "", group.command)
    return click.Context(command, parent=group)


def _find(name: str) -> click.Option | None:
    """Return the option of the command at work, or of another one, which a message may advise."""
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    group = context.find_root().command
    others = group.commands.values() if isinstance(group, click.Group) else ()
    if _is_assigned(context.command, name):  # an option of another command is something else
        others = ()
    for command in (context.command, *others):
        for one in command.params:
            if one.name == name and isinstance(one, click.Option):
                return one
    return None


def _negates(option: click.Option) -> bool:
    """Return whether an option is the opposite of the parameter, as `--without-comparison` is."""
    return option.is_flag and option.flag_value is False


def _is_assigned(command: click.Command, name: str) -> bool:
    """Return whether `--set` of the command sets a parameter of this name."""
    from viewfinder.pipelines import BATCH_PREDICTION, DEPLOYMENT, TRAINING

    pipelines = (TRAINING, DEPLOYMENT, BATCH_PREDICTION)
    has_set = any(one.name == "assignments" for one in command.params)
    return has_set and any(name in one.parameters for one in pipelines)


def _write(option: click.Option, value: Any) -> str:
    """Return an option as it is typed; of several spellings the longest explains itself."""
    typed = max(option.opts, key=len)
    if value is None or option.is_flag:
        return typed
    return f"{typed} {shlex.quote(str(value))}"
