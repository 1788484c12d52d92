"""Test accuracy of whole runs: the demo's photos, and any folder named by PHOTOS."""

import os
import tempfile
from pathlib import Path

import viewfinder
from viewfinder.cli.demo import DATA

SEEDS = (0, 1, 2)


def run() -> None:
    """Print the accuracy with its interval for each data set and seed."""
    for data in (DATA, *filter(None, [os.environ.get("PHOTOS")])):
        for seed in SEEDS:
            print(f"{Path(data).name:<34} seed {seed}: {measure_accuracy(data, seed)}", flush=True)


def measure_accuracy(data: str, seed: int) -> str:
    """Return a run's accuracy, interval and seconds as text."""
    with tempfile.TemporaryDirectory() as home:
        result = viewfinder.run(data, seed=seed, home=Path(home), listener=lambda *_: None)
    low, high = (result.metrics[f"accuracy_{end}"] for end in ("low", "high"))
    accuracy = result.metrics["accuracy"]
    return f"{accuracy:.3f} ({low:.3f} to {high:.3f}), {result.state}, {result.seconds:.0f} s"
