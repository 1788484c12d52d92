"""The commands that deploy a published version, go back, and take a service away."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from viewfinder.cli.group import FilePath, StrictCommand, need_model
from viewfinder.cli.options import (
    CLUSTER_OPTIONS,
    INTERRUPTED,
    TRY_AGAIN,
    exit_code,
    exit_code_after,
    refuse_kubeflow_options,
    split_options,
    with_assignments,
)
from viewfinder.cli.output import say, write_json
from viewfinder_components.errors import TransientError, ViewfinderError
from viewfinder_components.printable import PrintableFormatter
from viewfinder_components.spelling import write_command

if TYPE_CHECKING:
    from viewfinder.kubeflow import SubmittedRun

_FOR_A_SERVICE = {"settings", "namespace"}  # which mean something without Kubeflow Pipelines
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _service_options(command: _Command) -> _Command:
    """Add the options that say which service."""
    for option in reversed(
        (
            click.option("--namespace", help="The service's namespace.  [default: settings, or "
                         "the kubeconfig's]"),
            click.option("--service-name", help="The service's name.  [default: the model's]"),
            click.option("--settings", type=FilePath(),
                         help="Settings file.  [default: viewfinder.toml]"),
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def _timeout(default: int) -> Callable[[_Command], _Command]:
    return click.option(
        "--timeout",
        "timeout_seconds",
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        help="Longest time, in seconds.",
    )


_comparison = click.option(
    "--without-comparison",
    "compare",
    is_flag=True,
    default=True,
    flag_value=False,
    help="Do not compare answers with the evaluation's.",
)


@click.command(cls=StrictCommand, kubeflow_only=CLUSTER_OPTIONS - _FOR_A_SERVICE)
@click.argument("model_version", metavar="MODEL[/NUMBER]")
@click.option(
    "--on", "where", type=click.Choice(["local", "kubeflow"]), default="local", show_default=True
)
@click.option("--model-root", help="URI under which versions are published.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Any parameter; `{write_command('parameters', '--pipeline', 'deployment')}` lists them.",
)
@_comparison
@click.option(
    "--kserve-mode",
    type=click.Choice(["Standard", "Knative"]),
    help="KServe's mode for a new service.  [default: the cluster's]",
)
@click.option("--host", help="Kubeflow Pipelines' address.  [env: KFP_HOST]")
@click.option("--experiment", help="Experiment of the run.  [default: viewfinder]")
@_service_options
def deploy(
    model_version: str,
    where: str,
    assignments: tuple[str, ...],
    compare: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Put a published version behind a KServe InferenceService; the newest without NUMBER."""
    with _reported(as_json):
        from viewfinder.pipelines import DEPLOYMENT

        if where == "local":
            refuse_kubeflow_options(options, but=_FOR_A_SERVICE)
        namespace, file = options.pop("namespace"), options["settings"]
        parameters, kubeflow = split_options(options)
        if not compare:
            parameters["compare"] = False
        if namespace:
            # Where the settings name no profile, the run's pods go where the service goes.
            kubeflow = kubeflow.with_default_namespace(namespace)
            parameters["namespace"] = namespace
        given = with_assignments(parameters, assignments, DEPLOYMENT)
        if where == "kubeflow":
            _follow_deployment(kubeflow.deploy(model_version, **given), as_json)

        from viewfinder import deployments  # once the arguments are known to be right

        done = deployments.deploy(model_version, settings=file, **given)
        _print(as_json, done.summary, {"state": "succeeded", **done.record})


def _follow_deployment(run: "SubmittedRun", as_json: bool) -> NoReturn:
    from viewfinder.cli.kubeflow import follow_to_the_end

    if not as_json:
        follow_to_the_end(run)
    try:
        say(f"Run {run.run_id} at {run.page}", err=True)
        result = run.follow(listener=lambda *_: None)
    except KeyboardInterrupt:
        say(
            f"\nThe run continues. Follow it:   {write_command('follow', run.run_id)}\n"
            f"                Terminate it: {write_command('terminate', run.run_id)}",
            err=True,
        )
        sys.exit(INTERRUPTED)
    write_json(result.to_json(), indent=2)
    sys.exit(exit_code(result))


@click.command(cls=StrictCommand)
@click.argument("model", callback=need_model)
@click.option("--to", "number", type=click.IntRange(min=1), help="A version that has served.")
@_timeout(600)
@_comparison
@_service_options
def rollback(
    model: str,
    number: int | None,
    timeout_seconds: int,
    compare: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Return a service to the version that served before; each repetition goes one further back."""
    with _reported(as_json):
        from viewfinder import deployments

        done = deployments.rollback(
            model,
            number=number,
            timeout_seconds=timeout_seconds,
            compare=compare,
            **options,
        )
        _print(as_json, done.summary, {"state": "succeeded", **done.record})


@click.command(cls=StrictCommand)
@click.argument("model", callback=need_model)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_timeout(300)
@_service_options
def undeploy(model: str, yes: bool, timeout_seconds: int, as_json: bool, **options: Any) -> None:
    """Remove a model's service and wait until it is gone; published versions stay."""
    from viewfinder import deployments

    service = deployments.find_service(**options)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Not a terminal, so nobody can confirm: add --yes.")
        where = f" in namespace {service.namespace}" if service.namespace else ""
        click.confirm(f"Remove the service {service.name or model}{where}?", abort=True, err=True)
    with _reported(as_json):
        done = deployments.undeploy(model, timeout_seconds=timeout_seconds, **options)
        _print(as_json, done.summary, {"state": "succeeded", **vars(done)})


def _print(as_json: bool, summary: str, record: dict[str, Any]) -> None:
    if as_json:
        write_json(record, indent=2)
    else:
        say(summary)


@contextmanager
def _reported(as_json: bool) -> Iterator[None]:
    """Show progress on standard error; exit with 1 or 2, or 75 where trying again may help."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    loggers = [
        logging.getLogger(name) for name in ("viewfinder_components", "viewfinder_pipelines")
    ]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    except ViewfinderError as error:
        _fail(error, as_json)
    except KeyboardInterrupt:
        say("\nInterrupted; run it again to bring it to its end.", err=True)
        sys.exit(INTERRUPTED)
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


def _fail(error: ViewfinderError, as_json: bool) -> NoReturn:
    retryable = isinstance(error, TransientError)
    if as_json:
        words = {key: getattr(error, key) for key in ("expected", "received", "remedy")}
        failure = {"state": "failed", "error": {**words, "retryable": retryable}}
        write_json(failure, indent=2)
    say(f"Error: {error}", err=True)
    sys.exit(TRY_AGAIN if retryable else exit_code_after(error))


COMMANDS = (deploy, rollback, undeploy)
