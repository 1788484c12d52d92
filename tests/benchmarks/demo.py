"""The demo's seconds, beside the least that any way would need for the same photos."""

import json
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.processes import measure

from viewfinder.cli.demo import DATA
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.decode import decode
from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.read import read_photo
from viewfinder_pipelines.runs.record import RunResult


def run() -> None:
    """Print the demo's wall-clock time by step, and the floor measured right after it."""
    viewfinder = str(Path(sys.executable).with_name("viewfinder"))
    with tempfile.TemporaryDirectory() as home:
        cost = measure(viewfinder, "demo", environment={"VIEWFINDER_HOME": home})
        runs = list((Path(home) / "runs").iterdir())
        result = RunResult.load(runs[0])
        print(f"viewfinder demo        {cost.seconds:6.1f} s")
        for step in result.steps:
            print(f"  {step.name:<21}{step.seconds:6.1f} s")
        train = result.step("train")
        assert train is not None
        floor = measure_floor(Path(train.artifacts["model"].uri))
    for name, seconds in floor.items():
        print(f"floor: {name:<16}{seconds:6.1f} s")
    print(f"demo / floor           {cost.seconds / sum(floor.values()):6.1f}")


def measure_floor(model_dir: Path) -> dict[str, float]:
    """Return the seconds of decoding every photo once, and of one pass of the model."""
    side = json.loads((model_dir / "training.json").read_text())["image_size"]
    started = time.perf_counter()
    different = {read_photo(found.uri) for found in find_photos(DATA)}
    pixels = [decode(data, side, 10**8) for data in different]
    decoded = time.perf_counter()
    import numpy as np

    InferenceModel.load(model_dir).predict_many(np.stack(pixels))
    return {"read and decode": decoded - started, "one model pass": time.perf_counter() - decoded}
