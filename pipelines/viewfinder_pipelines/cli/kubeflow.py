"""The commands that speak with Kubeflow Pipelines."""

import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from viewfinder_pipelines.cli.group import HelpfulGroup, StrictCommand, need_text
from viewfinder_pipelines.cli.options import (
    INTERRUPTED,
    connection_options,
    exit_code,
    run_options,
    split_options,
    submission_options,
)

if TYPE_CHECKING:
    from viewfinder_pipelines.kubeflow.client import Kubeflow
    from viewfinder_pipelines.kubeflow.runner import SubmittedRun
    from viewfinder_pipelines.settings.file import ClusterSettings


@click.command(cls=StrictCommand)
@run_options
@submission_options
def submit(assignments: tuple[str, ...], **options: Any) -> None:
    """Start a run on Kubeflow Pipelines, print its id and address, and return at once."""
    run = submit_from_options(options, assignments)
    click.echo(run.run_id)
    click.echo(run.page, err=True)


@click.command(cls=StrictCommand)
@click.argument("run_id", metavar="RUN", callback=need_text)
@connection_options
def follow(run_id: str, **options: Any) -> None:
    """Follow a run on Kubeflow Pipelines to its end."""
    from viewfinder_pipelines.kubeflow.runner import SubmittedRun

    run_id = _complete(run_id)
    kubeflow, settings = _connect(options)
    follow_to_the_end(SubmittedRun(kubeflow, run_id), settings.kubeflow.start_patience_seconds)


@click.command(cls=StrictCommand)
@click.argument("run_id", metavar="RUN", callback=need_text)
@connection_options
def terminate(run_id: str, **options: Any) -> None:
    """Terminate a run on Kubeflow Pipelines; published versions stay."""
    from viewfinder_pipelines.kubeflow.runner import terminate_run

    # The whole id: the beginning of one would be a slip away from another run.
    kubeflow, _ = _connect(options)
    terminate_run(kubeflow, run_id)
    click.echo(f"terminating run {run_id}; `viewfinder follow {run_id}` shows when it has ended")


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
    from viewfinder_pipelines.kubeflow.client import connect
    from viewfinder_pipelines.kubeflow.runner import plan_kubeflow_run
    from viewfinder_pipelines.kubeflow.schedules import NO_OVERLAP, Trigger, set_schedule
    from viewfinder_pipelines.kubeflow.submission import upload_pipeline

    trigger = Trigger.parse(cron, every)
    parameters, settings = split_options(options)
    plan = plan_kubeflow_run(parameters, assignments, settings)
    kubeflow = connect(settings.kubeflow)
    version = upload_pipeline(kubeflow, settings.platform, settings.kubeflow.cache)
    made, changed = set_schedule(
        kubeflow, settings.kubeflow, name, trigger, version, plan.arguments
    )
    click.echo(f"{made.name}: {made.trigger}, {'set' if changed else 'unchanged'}")
    click.echo(NO_OVERLAP)


@schedule.command("list")
@connection_options
def list_(**options: Any) -> None:
    """List the schedules."""
    from viewfinder_pipelines.kubeflow.schedules import describe_schedule, list_schedules

    kubeflow, _ = _connect(options)
    found = list_schedules(kubeflow)
    if not found:
        click.echo("No schedules. Create one with `viewfinder schedule set`.")
    for one in found:
        click.echo(describe_schedule(one))


@schedule.command()
@click.argument("name", callback=need_text)
@connection_options
def disable(name: str, **options: Any) -> None:
    """Stop the schedule NAME from starting runs."""
    _enable(name, options, enabled=False)


@schedule.command()
@click.argument("name", callback=need_text)
@connection_options
def enable(name: str, **options: Any) -> None:
    """Have the schedule NAME start runs again."""
    _enable(name, options, enabled=True)


@schedule.command()
@click.argument("name", callback=need_text)
@connection_options
def delete(name: str, **options: Any) -> None:
    """Delete the schedule NAME; finished runs stay."""
    from viewfinder_components.errors import TransientError
    from viewfinder_pipelines.kubeflow.schedules import find_schedules, retire_schedule

    kubeflow, _ = _connect(options)
    going = [
        run for one in find_schedules(kubeflow, name) for run in retire_schedule(kubeflow, one)
    ]
    if going:
        raise TransientError(
            f"no active run of the schedule {name}, because deleting it deletes the run's pods",
            ", ".join(going),
            "follow or terminate the run, then delete the schedule; it is disabled now",
        )
    click.echo(f"{name}: deleted")


COMMANDS = (submit, follow, terminate, schedule)


def submit_from_options(options: dict[str, Any], assignments: tuple[str, ...]) -> "SubmittedRun":
    """Submit the run that a command's options describe."""
    from viewfinder_pipelines.kubeflow.runner import plan_kubeflow_run, submit_run

    parameters, settings = split_options(options)
    return submit_run(plan_kubeflow_run(parameters, assignments, settings))


def follow_to_the_end(run: "SubmittedRun", start_patience: float) -> NoReturn:
    """Show a run until it ends, and exit as it did; Ctrl-C leaves it going."""
    from rich.console import Console

    from viewfinder_pipelines.cli.console import RunDisplay, print_result
    from viewfinder_pipelines.kubeflow.runner import follow_submitted

    console = Console()
    display = RunDisplay(console)
    try:
        console.print(f"Run {run.run_id} at {run.page}", highlight=False, soft_wrap=True)
        result = follow_submitted(run, display, start_patience)
    except KeyboardInterrupt:
        display.close()
        click.echo(
            f"\nThe run continues. Follow it:   viewfinder follow {run.run_id}\n"
            f"                Terminate it: viewfinder terminate {run.run_id}"
        )
        sys.exit(INTERRUPTED)
    finally:
        display.close()
    print_result(console, result)
    sys.exit(exit_code(result))


def _complete(run_id: str) -> str:
    from viewfinder_pipelines.runs.run_id import complete_run_id
    from viewfinder_pipelines.settings.environment import Settings

    return complete_run_id(Settings().runs, run_id)


def _connect(options: dict[str, Any]) -> "tuple[Kubeflow, ClusterSettings]":
    from viewfinder_pipelines.kubeflow.client import connect

    _, settings = split_options(options)
    return connect(settings.kubeflow), settings


def _enable(name: str, options: dict[str, Any], enabled: bool) -> None:
    from viewfinder_pipelines.kubeflow.schedules import enable_schedule, find_schedules

    kubeflow, _ = _connect(options)
    for one in find_schedules(kubeflow, name):
        enable_schedule(kubeflow, one, enabled)
    click.echo(f"{name}: {'enabled' if enabled else 'disabled'}")
