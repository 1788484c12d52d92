"""The commands that speak with Kubeflow Pipelines."""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from viewfinder.cli.group import HelpfulGroup, StrictCommand, need_text
from viewfinder.cli.options import (
    INTERRUPTED,
    connection_options,
    exit_code,
    run_options,
    split_options,
    submission_options,
    with_assignments,
)
from viewfinder.cli.output import say
from viewfinder.markup import to_markup
from viewfinder_components.spelling import write_command

if TYPE_CHECKING:
    from viewfinder.kubeflow import SubmittedRun


@click.command(cls=StrictCommand)
@run_options
@submission_options
def submit(assignments: tuple[str, ...], **options: Any) -> None:
    """Start a run on Kubeflow Pipelines, print its id and address, and return at once."""
    run = submit_from_options(options, assignments)
    say(run.run_id)
    say(run.page, err=True)


@click.command(cls=StrictCommand)
@click.argument("run_id", metavar="RUN", callback=need_text)
@connection_options
def follow(run_id: str, **options: Any) -> None:
    """Follow a run on Kubeflow Pipelines to its end."""
    follow_to_the_end(split_options(options)[1].find_run(run_id))


@click.command(cls=StrictCommand)
@click.argument("run_id", metavar="RUN", callback=need_text)
@connection_options
def terminate(run_id: str, **options: Any) -> None:
    """Terminate a run on Kubeflow Pipelines; published versions stay."""
    from viewfinder.kubeflow import SubmittedRun

    # The whole id: the beginning of one would be a slip away from another run.
    SubmittedRun(run_id, split_options(options)[1]).terminate()
    following = write_command("follow", run_id)
    say(f"terminating run {run_id}; `{following}` shows when it has ended")


@click.group(cls=HelpfulGroup)
def schedule() -> None:
    """Have Kubeflow Pipelines start runs on a schedule."""


@schedule.command("set")
@click.argument("name", callback=need_text)
@click.option("--cron", help='Minute hour day month weekday, such as "0 3 * * *".')
@click.option("--every", help="An interval, such as 6h.")
@run_options
@submission_options
def set_(
    name: str, cron: str | None, every: str | None, assignments: tuple[str, ...], **options: Any
) -> None:
    """Create or change the schedule NAME; repeating the command changes nothing."""
    from viewfinder.kubeflow import NO_OVERLAP

    parameters, kubeflow = split_options(options)
    given = with_assignments(parameters, assignments)
    made, changed = kubeflow.set_schedule(name, cron=cron, every=every, **given)
    say(f"{made.name}: {made.trigger}, {'set' if changed else 'unchanged'}")
    say(NO_OVERLAP)


@schedule.command("list")
@connection_options
def list_(**options: Any) -> None:
    """List the schedules."""
    from viewfinder.kubeflow import describe_schedule

    found = split_options(options)[1].list_schedules()
    if not found:
        say(f"No schedules. Create one with `{write_command('schedule', 'set', 'NAME')}`.")
    for one in found:
        say(describe_schedule(one))


@schedule.command()
@click.argument("name", callback=need_text)
@connection_options
def disable(name: str, **options: Any) -> None:
    """Stop the schedule NAME from starting runs."""
    split_options(options)[1].enable_schedule(name, enabled=False)
    say(f"{name}: disabled")


@schedule.command()
@click.argument("name", callback=need_text)
@connection_options
def enable(name: str, **options: Any) -> None:
    """Have the schedule NAME start runs again."""
    split_options(options)[1].enable_schedule(name)
    say(f"{name}: enabled")


@schedule.command()
@click.argument("name", callback=need_text)
@connection_options
def delete(name: str, **options: Any) -> None:
    """Delete the schedule NAME; finished runs stay."""
    split_options(options)[1].delete_schedule(name)
    say(f"{name}: deleted")


COMMANDS = (submit, follow, terminate, schedule)


def submit_from_options(options: dict[str, Any], assignments: tuple[str, ...]) -> "SubmittedRun":
    """Submit the run that a command's options describe."""
    parameters, kubeflow = split_options(options)
    return kubeflow.submit(**with_assignments(parameters, assignments))


def follow_to_the_end(run: "SubmittedRun") -> NoReturn:
    """Show a run until it ends, and exit as it did; Ctrl-C leaves it going."""
    from rich.console import Console

    console = Console()
    try:
        place = to_markup(f"Run {run.run_id} at {run.page}")
        console.print(place, highlight=False, soft_wrap=True)
        result = run.follow()
    except KeyboardInterrupt:
        say(
            f"\nThe run continues. Follow it:   {write_command('follow', run.run_id)}\n"
            f"                Terminate it: {write_command('terminate', run.run_id)}"
        )
        sys.exit(INTERRUPTED)
    sys.exit(exit_code(result))
