"""Test accuracy of whole runs: the demo's photos, and any folder named by PHOTOS."""

import os
import tempfile
from pathlib import Path

from viewfinder_pipelines.cli.demo import DATA
from viewfinder_pipelines.local.runner import plan_run, run_pipeline
from viewfinder_pipelines.settings.environment import Settings

SEEDS = (0, 1, 2)


def run() -> None:
    """Print the accuracy with its interval for each data set and seed."""
    for data in (DATA, *filter(None, [os.environ.get("PHOTOS")])):
        for seed in SEEDS:
            print(f"{Path(data).name:<34} seed {seed}: {measure_accuracy(data, seed)}", flush=True)


def measure_accuracy(data: str, seed: int) -> str:
    """Return a run's accuracy, interval and seconds as text."""
    with tempfile.TemporaryDirectory() as home:
        plan = plan_run({"data": data, "seed": seed}, settings=Settings(Path(home)))
        result = run_pipeline(plan, lambda event, so_far: None)
    low, high = (result.metrics[f"accuracy_{end}"] for end in ("low", "high"))
    accuracy = result.metrics["accuracy"]
    return f"{accuracy:.3f} ({low:.3f} to {high:.3f}), {result.state}, {result.seconds:.0f} s"
