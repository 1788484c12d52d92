"""The command line: parse, call, print."""

import sys
from pathlib import Path
from typing import Any

import click

from viewfinder_components.errors import ViewfinderError

# Everything heavy is imported by the command that needs it: `viewfinder --help` answers at once.


class _Group(click.Group):
    """Print our errors as sentences, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ViewfinderError as error:
            click.echo(f"{type(error).__name__}: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="viewfinder")
def main() -> None:
    """From a folder of labelled photos to a measured image classifier behind KServe."""


@main.command()
@click.option("--data", help="Folder class/photo, CSV, parquet or package:// data set.")
@click.option("--model-root", help="Folder or URI under which versions are published.")
@click.option("--model-name", help="The model's name below the root.  [default: classifier]")
@click.option("--backbone", help="efficientnet-lite0, mobilenet or scratch.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Any parameter.")
@click.option("--resume", metavar="RUN", help="Go on with a run that was cut off or failed.")
def run(assignments: tuple[str, ...], resume: str | None, **options: str | None) -> None:
    """Run the pipeline on this machine."""
    from rich.console import Console

    from viewfinder_pipelines.console import RunDisplay, print_result
    from viewfinder_pipelines.runner import plan_run, resume_run, run_pipeline

    console = Console()
    given = {key: value for key, value in options.items() if value is not None}
    plan = resume_run(resume, given, assignments) if resume else plan_run(given, assignments)
    display = RunDisplay(console)
    try:
        result = run_pipeline(plan, display)
    finally:
        display.close()
    print_result(console, result)
    sys.exit({"succeeded": 0, "refused": 3, "interrupted": 130}.get(result.state, 1))


@main.command("compile")
@click.option("-o", "--output", default="pipeline.yaml", show_default=True, type=Path)
def compile_(output: Path) -> None:
    """Write the pipeline as YAML for the Kubeflow Pipelines UI or SDK."""
    from viewfinder_pipelines.compiling import compile_pipeline

    compile_pipeline(output)
    click.echo(f"wrote {output}")


@main.command()
@click.argument("model_version")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option("--name", help="The model's name in the URLs.  [default: the published name]")
def serve(model_version: str, host: str, port: int, name: str | None) -> None:
    """Serve a published version: its path or URI, MODEL, or MODEL/NUMBER."""
    from viewfinder_pipelines.serving import serve_version

    serve_version(model_version, host, port, name)


@main.command()
@click.argument("photos", nargs=-1, required=True, type=Path)
@click.option("--endpoint", required=True, help="URL of a predictor.")
@click.option("--model", help="The model's name, where the server has several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def predict(photos: tuple[Path, ...], endpoint: str, model: str | None, as_json: bool) -> None:
    """Ask a served model about photos."""
    import dataclasses
    import json

    from viewfinder_pipelines.prediction import predict_photos

    for prediction in predict_photos(photos, endpoint, model):
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(prediction), ensure_ascii=False))
            continue
        top = list(prediction.probabilities.items())[:3]
        others = ", ".join(f"{label} {share:.1%}" for label, share in top)
        click.echo(f"{prediction.photo}: {prediction.label} ({others})")


@main.command()
@click.argument("run_id", required=False, metavar="RUN")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the record (docs/run-record.schema.json)."
)
@click.option("--open/--no-open", "open_report", default=True, help="Open the report.")
def show(run_id: str | None, as_json: bool, open_report: bool) -> None:
    """Tell what a past run did and open its report; without RUN, list the runs."""
    import json

    from rich.console import Console

    from viewfinder_pipelines.console import print_result, print_runs, print_steps
    from viewfinder_pipelines.runner import list_runs, load_run

    console = Console()
    if run_id is None:
        print_runs(console, list_runs())
        return
    result = load_run(run_id)
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=2))
        return
    print_steps(console, result)
    print_result(console, result)
    if open_report and result.report and sys.stdout.isatty():
        click.launch(result.report)


@main.command()
def demo() -> None:
    """Run the whole way on the fruit photos, serve the model and ask it about a photo."""
    from viewfinder_pipelines.demo import run_demo

    sys.exit(run_demo())
