"""The command line: parse, call, print."""

import sys
from pathlib import Path
from typing import Any, Literal

import click

from viewfinder.cli import deployments
from viewfinder.cli.comparison import compare
from viewfinder.cli.cost import cost
from viewfinder.cli.drift import drift
from viewfinder.cli.errors import Sentences
from viewfinder.cli.group import FilePath, need_text
from viewfinder.cli.kubeflow import COMMANDS, follow_to_the_end, submit_from_options
from viewfinder.cli.options import (
    CLUSTER_OPTIONS,
    connection_options,
    exit_code,
    refuse_given,
    refuse_kubeflow_options,
    run_options,
    split_options,
    submission_options,
    with_assignments,
)
from viewfinder.cli.output import say, write_json
from viewfinder.cli.parameters import parameters
from viewfinder.cli.prediction import predict
from viewfinder.cli.receive import receive
from viewfinder.cli.slo import slo
from viewfinder.cli.versions import prune, versions
from viewfinder.cli.watch import watch
from viewfinder_components.errors import UsageError
from viewfinder_serving.engine_names import ENGINES, OPENVINO

# Everything heavy is imported by the command that needs it: `viewfinder --help` answers at once.


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="viewfinder")
def main() -> None:
    """From a folder of labelled photos to a measured image classifier behind KServe."""


for command in (
    *COMMANDS,
    *deployments.COMMANDS,
    compare,
    cost,
    parameters,
    predict,
    receive,
    versions,
    prune,
    slo,
    watch,
    drift,
):
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
        follow_to_the_end(submit_from_options(options, assignments))
    given = {key: value for key, value in options.items() if value is not None}
    refuse_kubeflow_options(options)
    _run_here(given, assignments, resume)


def _run_here(given: dict[str, Any], assignments: tuple[str, ...], resume: str | None) -> None:
    from viewfinder import runs
    from viewfinder.cli.interruption import ended_by_signals

    try:
        with ended_by_signals():
            if resume:
                ended = runs.find_ended(resume)
                _refuse_parameters(given, assignments)
                if ended:
                    say(f"Run {ended.run_id} has already finished; there is nothing to resume.")
                result = runs.resume(resume)
            else:
                result = runs.run(**with_assignments(given, assignments))
    except runs.RunInterrupted as interrupted:
        result = interrupted.result
    sys.exit(exit_code(result))


def _refuse_parameters(given: dict[str, Any], assignments: tuple[str, ...]) -> None:
    if given or assignments:
        raise UsageError(
            "--resume RUN alone, since a resumed run keeps its parameters",
            f"also {', '.join([*given, *assignments])}",
            "leave them out, or start a new run",
        )


@main.command("compile")
@click.option("-o", "--output", "path", default="pipeline.yaml", show_default=True, type=FilePath())
@click.option("--settings", type=FilePath(), help="Settings file.  [default: viewfinder.toml]")
@click.option(
    "--pipeline",
    "name",
    default="training",
    show_default=True,
    help="Which pipeline: training, deployment or batch-prediction.",
)
@click.option(
    "--components",
    "folder",
    type=FilePath(),
    metavar="FOLDER",
    help="Write the steps' components, one file each, instead of a pipeline.",
)
def compile_(path: Path, settings: Path | None, name: str, folder: Path | None) -> None:
    """Write a pipeline as YAML for the Kubeflow Pipelines UI or SDK."""
    from viewfinder import pipelines

    if folder is not None:
        refuse_given(click.get_current_context(), {"path", "name"}, "--components")
        for written in pipelines.compile_components(folder, settings=settings):
            say(f"wrote {written}")
        _warn_of_images(pipelines.find_unnamed_images(pipelines.STEPS.values(), settings))
        return
    if path.suffix != ".yaml":
        raise click.UsageError(f"--output names a file that ends in .yaml, not '{path}'.")
    pipeline = pipelines.find_pipeline(name)
    pipelines.compile_pipeline(path, pipeline=pipeline, settings=settings)
    say(f"wrote {path}")
    _warn_of_images(pipelines.find_unnamed_images(pipeline.steps, settings))


def _warn_of_images(unnamed: list[str]) -> None:
    """Say that pods would wait for images that do not exist: Kubeflow's UI accepts the file."""
    if unnamed:
        say(
            f"Warning: the pods would use {' and '.join(unnamed)}, which nobody has published. "
            "Build and push the images (make images), name them in viewfinder.toml and compile "
            "again.",
            err=True,
        )


@main.command()
@click.argument("model_version", metavar="MODEL[/NUMBER]")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True)
@click.option("--name", help="The model's name in the URLs.  [default: the published name]")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=OPENVINO,
    show_default=True,
    help="What computes: OpenVINO, or TensorFlow on the SavedModel, if it is installed.",
)
@click.argument("options", nargs=-1, metavar="[-- OPTION...]")
def serve(
    model_version: str,
    host: str,
    port: int,
    name: str | None,
    engine: str,
    options: tuple[str, ...],
) -> None:
    """Serve a published version, the newest without NUMBER; a path or a URI works as well.

    Options after -- are passed to the predictor, such as --max-photos 8: `serve MODEL -- --help`
    lists them, and docs/serving.md describes the limits.
    """
    from viewfinder.serving import serve_until_interrupted

    passed = options if engine == OPENVINO else ("--engine", engine, *options)
    sys.exit(serve_until_interrupted(model_version, host, port, name, passed))


@main.command()
@click.argument("run_id", required=False, metavar="[RUN]", callback=need_text)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the record (docs/run-record.schema.json)."
)
@click.option("--open/--no-open", "open_report", default=True, help="Open the report.")
@connection_options
def show(run_id: str | None, as_json: bool, open_report: bool, **options: Any) -> None:
    """Show a run, local or on Kubeflow; without RUN, list the runs known on this machine."""
    from viewfinder.runs import list_runs, load_run

    if run_id is None and as_json:
        raise click.UsageError("--json goes with RUN.")
    found = load_run(run_id, kubeflow=split_options(options)[1]) if run_id else None
    if found and as_json:
        write_json(found.to_json(), indent=2)
        return

    from rich.console import Console

    from viewfinder.display import print_result
    from viewfinder.run_tables import print_runs, print_steps

    console = Console()
    if found is None:
        print_runs(console, list_runs())
        return
    print_steps(console, found)
    print_result(console, found)
    if open_report and found.report and found.is_local and _is_watched():
        click.launch(found.report)


def _is_watched() -> bool:
    """Return whether somebody sees the output; a closed one is None."""
    return bool(sys.stdout and sys.stdout.isatty())


@main.command()
@click.option(
    "--settings", type=FilePath(), help="Settings file.  [default: viewfinder.toml, if any]"
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["run", "deploy"]),
    default="run",
    show_default=True,
    help="What will be used: runs on Kubeflow Pipelines, or only `deploy`.",
)
@click.option("--context", help="The kubeconfig's context.")
@click.option("--namespace", help="The namespace of the steps and the predictor.")
@click.option("--service-account", help="The service account of the steps.")
@click.option("--model-root", help="Where versions are to be published.")
@click.option("--host", help="The address of Kubeflow Pipelines.")
@click.option("--pods/--no-pods", default=True, help="Start pods that try images and storage.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(
    settings: Path | None,
    host: str | None,
    as_json: bool,
    purpose: Literal["run", "deploy"],
    **options: Any,
) -> None:
    """Check Kubeflow or KServe before it is used; exit with 1 if that would fail.

    Runs on this machine need neither.
    """
    from rich.console import Console

    from viewfinder.cli.findings import exit_code_of, findings_json, print_findings
    from viewfinder.installation import verify_installation

    with Console(stderr=True).status("looking") as status:
        findings = verify_installation(
            purpose,
            settings=settings,
            host=host,
            progress=lambda name: status.update(f"looking at: {name}"),
            **options,
        )
    if as_json:
        click.echo(findings_json(findings))
    else:
        print_findings(Console(), findings, purpose)
    sys.exit(exit_code_of(findings))


@main.command()
def demo() -> None:
    """Run the demo end to end: train on the fruit photos, serve the model, classify photos."""
    from viewfinder.cli.demo import run_demo

    sys.exit(run_demo())
