"""The options that several commands share."""

from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING, Any, TypeVar

import click

from viewfinder.cli.group import FilePath
from viewfinder_components.errors import UsageError, ViewfinderError
from viewfinder_components.spelling import write_command

if TYPE_CHECKING:
    from viewfinder.kubeflow import KubeflowPipelines
    from viewfinder.pipelines import PipelineDefinition
    from viewfinder.runs import RunResult

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
WRONG_USAGE = 2  # click's own
REFUSED = 3
INCOMPLETE = 4  # the work is done, but not for every photo: unlike 1, there is a result
BEYOND_LIMIT = 5  # nothing failed, but a measure of a served model is beyond its limit
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h
_EXIT_CODES = {"succeeded": 0, "refused": REFUSED, "interrupted": INTERRUPTED}
# docs/troubleshooting.md explains them all.
CLUSTER_OPTIONS = {"settings", "host", "namespace", "experiment", "cache"}

_Command = TypeVar("_Command", bound=Callable[..., Any])

_RUN_OPTIONS = (
    click.option(
        "--data",
        help="Folder class/photo, table (CSV, TSV, parquet), bucket or package:// data set.",
    ),
    click.option("--model-root", help="Folder or URI under which versions are published."),
    click.option("--model-name", help="The model's name below the root.  [default: classifier]"),
    click.option("--backbone", help="efficientnet-lite0, mobilenet or scratch."),
    click.option("--reason", help="Why the run begins, for its record and its report."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help=f"Any parameter; `{write_command('parameters')}` lists them.",
    ),
)
_CONNECTION_OPTIONS = (
    click.option("--settings", type=FilePath(), help="Settings file.  [default: viewfinder.toml]"),
    click.option("--host", help="Kubeflow Pipelines' address.  [env: KFP_HOST]"),
    click.option("--namespace", help="Your profile's namespace, where there are profiles."),
)
_SOURCE_OPTIONS = (
    click.option(
        "--endpoint",
        metavar="URL",
        multiple=True,
        help="A predictor; repeat it for several replicas.  [default: http://127.0.0.1:8080]",
    ),
    click.option(
        "--prometheus",
        metavar="URL",
        help="Ask a Prometheus that reads the predictors; NAME is the InferenceService's.",
    ),
    click.option(
        "--namespace",
        help="Read the pods of the InferenceService NAME in this namespace; with --prometheus, ask "
        "about this namespace only.",
    ),
)
_SUBMISSION_OPTIONS = (
    click.option("--experiment", help="Experiment of the runs.  [default: viewfinder]"),
    click.option(
        "--cache/--no-cache",
        default=None,
        help="Skip steps whose parameters and inputs, photos included, are the same.  "
        "[default: cache]",
    ),
)


def run_options(command: _Command) -> _Command:
    """Add the options that say what to run."""
    return _add(_RUN_OPTIONS, command)


def source_options(command: _Command) -> _Command:
    """Add the options that say who is asked about a served model."""
    return _add(_SOURCE_OPTIONS, command)


def connection_options(command: _Command) -> _Command:
    """Add the options that say which Kubeflow Pipelines; `split_options` understands them."""
    return _add(_CONNECTION_OPTIONS, command)


def submission_options(command: _Command) -> _Command:
    """Add the options that say where and how to submit a run."""
    return _add((*_CONNECTION_OPTIONS, *_SUBMISSION_OPTIONS), command)


def exit_code(result: "RunResult") -> int:
    """Return the exit code that tells how a run ended: 0, 3 when refused, 130, or 1."""
    return _EXIT_CODES.get(result.state, 1)


def exit_code_after(error: ViewfinderError) -> int:
    """Return the exit code of a command that met an error: 2 for wrong usage, or 1."""
    return WRONG_USAGE if isinstance(error, UsageError) else 1


def split_options(options: dict[str, Any]) -> tuple[dict[str, Any], "KubeflowPipelines"]:
    """Tell the pipeline's parameters among a command's options from the installation's."""
    from viewfinder.kubeflow import KubeflowPipelines

    given = {key: value for key, value in options.items() if value is not None}
    chosen = {key: given.pop(key) for key in CLUSTER_OPTIONS & given.keys()}
    return given, KubeflowPipelines(**chosen)


def with_assignments(
    given: dict[str, Any],
    assignments: Sequence[str],
    pipeline: "PipelineDefinition | None" = None,
) -> dict[str, Any]:
    """Return the parameters that a command's options and `--set` give.

    Args:
        given: Those that have an option of their own.
        assignments: What `--set` was given.
        pipeline: Whose parameters; None for the training pipeline's.

    Raises:
        UsageError: `--set` names no parameter or one that an option gives, or a value is not of
            its type.
    """
    from viewfinder.pipelines import TRAINING, parse_assignments

    assigned = parse_assignments(assignments, pipeline or TRAINING)
    for name in sorted(given.keys() & assigned.keys()):
        raise UsageError(
            "each parameter once", f"{name} as an option and by --set {name}=", "omit one of them"
        )
    return {**given, **assigned}


def refuse_given(context: click.Context, names: Set[str], other: str) -> None:
    """Refuse options that would have no effect beside another one.

    Args:
        context: The command's.
        names: The names of their parameters.
        other: The other option.
    """
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name in names and source is click.core.ParameterSource.COMMANDLINE:
            spelt = option.opts[-1]
            raise click.UsageError(f"{spelt} does not go with {other}: omit one of them.", context)


def refuse_kubeflow_options(options: dict[str, Any], but: Set[str] = frozenset()) -> None:
    """Refuse what says which Kubeflow Pipelines, where none is spoken to.

    Args:
        options: A command's options; what was not given is None.
        but: Options that mean something here as well.
    """
    for name in sorted(CLUSTER_OPTIONS - but):
        if options.get(name) is not None:
            spelt = "--no-cache" if options[name] is False else f"--{name}"
            raise click.UsageError(f"{spelt} goes with --on kubeflow.")


def _add(options: Sequence[Callable[[_Command], _Command]], command: _Command) -> _Command:
    for option in reversed(options):
        command = option(command)
    return command
