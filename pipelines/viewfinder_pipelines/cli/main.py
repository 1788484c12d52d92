"""The command line: parse, call, print."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from viewfinder_pipelines.cli import deployments
from viewfinder_pipelines.cli.errors import Sentences
from viewfinder_pipelines.cli.group import need_text
from viewfinder_pipelines.cli.kubeflow import COMMANDS, follow_to_the_end, submit_from_options
from viewfinder_pipelines.cli.options import (
    CLUSTER_OPTIONS,
    connection_options,
    exit_code,
    refuse_kubeflow_options,
    run_options,
    split_options,
    submission_options,
)
from viewfinder_pipelines.cli.parameters import parameters
from viewfinder_pipelines.cli.versions import prune, versions

if TYPE_CHECKING:
    from viewfinder_pipelines.local.prediction import Prediction, Unanswered

# Everything heavy is imported by the command that needs it: `viewfinder --help` answers at once.


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="viewfinder")
def main() -> None:
    """From a folder of labelled photos to a measured image classifier behind KServe."""


for command in (*COMMANDS, *deployments.COMMANDS, parameters, versions, prune):
    main.add_command(command)


@main.command(kubeflow_only=CLUSTER_OPTIONS)
@click.option(
    "--on", "where", type=click.Choice(["local", "kubeflow"]), default="local", show_default=True
)
@run_options
@click.option(
    "--resume",
    metavar="RUN",
    callback=need_text,
    help="Resume a local run that was interrupted or failed.",
)
@submission_options
def run(where: str, assignments: tuple[str, ...], resume: str | None, **options: Any) -> None:
    """Run the pipeline on this machine, or on Kubeflow Pipelines."""
    if where == "kubeflow":
        if resume:
            raise click.UsageError(
                "--resume is for runs on this machine. Submit the run again without it: Kubeflow "
                "Pipelines skips the steps whose inputs are the same."
            )
        patience = split_options(options)[1].kubeflow.start_patience_seconds
        follow_to_the_end(submit_from_options(options, assignments), patience)
    given = {key: value for key, value in options.items() if value is not None}
    refuse_kubeflow_options(options)
    _run_here(given, assignments, resume)


def _run_here(given: dict[str, Any], assignments: tuple[str, ...], resume: str | None) -> None:
    from rich.console import Console

    from viewfinder_pipelines.cli.console import RunDisplay, print_result
    from viewfinder_pipelines.cli.interruption import ended_by_signals
    from viewfinder_pipelines.local.runner import plan_run, resume_run, run_pipeline

    console = Console()
    plan = resume_run(resume, given, assignments) if resume else plan_run(given, assignments)
    if plan.ended:
        click.echo(f"Run {plan.ended.run_id} has already finished; there is nothing to resume.")
    display = RunDisplay(console)
    try:
        with ended_by_signals():
            result = run_pipeline(plan, display)
    finally:
        display.close()
    print_result(console, result)
    sys.exit(exit_code(result))


@main.command("compile")
@click.option("-o", "--output", default="pipeline.yaml", show_default=True, type=Path)
@click.option("--settings", type=Path, help="Settings file.  [default: viewfinder.toml]")
@click.option(
    "--pipeline",
    "name",
    default="training",
    show_default=True,
    help="Which pipeline, such as training or deployment.",
)
def compile_(output: Path, settings: Path | None, name: str) -> None:
    """Write a pipeline as YAML for the Kubeflow Pipelines UI or SDK."""
    from viewfinder_pipelines.kubeflow.submission import compile_for_cluster
    from viewfinder_pipelines.pipeline.compiling import compile_pipeline
    from viewfinder_pipelines.pipeline.registry import find_pipeline
    from viewfinder_pipelines.settings.file import DEFAULT_FILE, read_settings

    if output.suffix != ".yaml":
        raise click.UsageError(f"--output names a file that ends in .yaml, not '{output}'.")
    pipeline = find_pipeline(name)
    output.parent.mkdir(parents=True, exist_ok=True)
    if settings is None and not DEFAULT_FILE.is_file():
        compile_pipeline(output, pipeline)
    else:
        known = read_settings(settings)
        compile_for_cluster(output, known.platform, known.kubeflow.cache, pipeline)
    click.echo(f"wrote {output}")


@main.command()
@click.argument("model_version", metavar="MODEL[/NUMBER]")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--name", help="The model's name in the URLs.  [default: the published name]")
@click.argument("options", nargs=-1, metavar="[-- OPTION...]")
def serve(
    model_version: str, host: str, port: int, name: str | None, options: tuple[str, ...]
) -> None:
    """Serve a published version, the newest without NUMBER; a path or a URI works as well.

    Options after -- are passed to the predictor, such as --max-photos 8; its options and limits are
    described in docs/serving.md, and listed by `python -m viewfinder_serving --help`.
    """
    from viewfinder_pipelines.local.serving import serve_version

    sys.exit(serve_version(model_version, host, port, name, options))


@main.command()
@click.argument("photos", nargs=-1, required=True, type=Path, metavar="PHOTO...")
@click.option("--endpoint", required=True, help="URL of a predictor.")
@click.option("--model", help="The model's name, where the server has several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def predict(photos: tuple[Path, ...], endpoint: str, model: str | None, as_json: bool) -> None:
    """Classify photos with a served model; exit with 1 if any could not be classified."""
    from viewfinder_pipelines.local.prediction import Unanswered, predict_photos

    unanswered = 0
    for answer in predict_photos(photos, endpoint, model):
        unanswered += isinstance(answer, Unanswered)
        _print_answer(answer, as_json)
    if unanswered:
        click.echo(_count_unanswered(unanswered, len(photos)), err=True)
        sys.exit(1)


def _count_unanswered(unanswered: int, photos: int) -> str:
    if photos == 1:
        return "The photo could not be classified."
    if unanswered == photos:
        return f"None of the {photos:,} photos could be classified."
    return f"{unanswered:,} of {photos:,} photos could not be classified."


def _print_answer(answer: "Prediction | Unanswered", as_json: bool) -> None:
    import dataclasses
    import json

    from viewfinder_pipelines.local.prediction import Unanswered

    if as_json:
        click.echo(json.dumps(dataclasses.asdict(answer), ensure_ascii=False))
    elif isinstance(answer, Unanswered):
        click.echo(f"{answer.photo}: {answer.error}", err=True)
    else:
        top = list(answer.probabilities.items())[:3]
        others = ", ".join(f"{label} {share:.1%}" for label, share in top)
        click.echo(f"{answer.photo}: {answer.label} ({others})")


@main.command()
@click.argument("run_id", required=False, metavar="[RUN]", callback=need_text)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the record (docs/run-record.schema.json)."
)
@click.option("--open/--no-open", "open_report", default=True, help="Open the report.")
@connection_options
def show(run_id: str | None, as_json: bool, open_report: bool, **options: Any) -> None:
    """Show a run, local or on Kubeflow; without RUN, list the runs known on this machine."""
    import json

    from rich.console import Console

    from viewfinder_pipelines.cli.console import print_result, print_runs, print_steps
    from viewfinder_pipelines.find_run import find_run
    from viewfinder_pipelines.local.runner import list_runs

    console = Console()
    if run_id is None:
        if as_json:
            raise click.UsageError("--json goes with RUN.")
        print_runs(console, list_runs())
        return
    result = find_run(run_id, split_options(options)[1].kubeflow)
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=2))
        return
    print_steps(console, result)
    print_result(console, result)
    if open_report and result.report and result.is_local and sys.stdout.isatty():
        click.launch(result.report)


@main.command()
@click.option("--settings", type=Path, help="Settings file.  [default: viewfinder.toml, if any]")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["run", "deploy"]),
    default="run",
    show_default=True,
    help="What will be used: runs on Kubeflow Pipelines, or only `viewfinder deploy`.",
)
@click.option("--context", default="", help="The kubeconfig's context.")
@click.option("--namespace", default="", help="The namespace of the steps and the predictor.")
@click.option("--service-account", default="", help="The service account of the steps.")
@click.option("--model-root", default="", help="Where versions are to be published.")
@click.option("--host", default="", help="The address of Kubeflow Pipelines.")
@click.option("--pods/--no-pods", default=True, help="Start pods that try images and storage.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(settings: Path | None, host: str, as_json: bool, **options: Any) -> None:
    """Check an install before anything is run on it; exit with 1 if that would fail."""
    from viewfinder_pipelines.doctor.command import run_doctor

    sys.exit(run_doctor(settings, host, as_json, **options))


@main.command()
def demo() -> None:
    """Run the demo end to end: train on the fruit photos, serve the model, classify photos."""
    from viewfinder_pipelines.cli.demo import run_demo

    sys.exit(run_demo())
