import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from tests.fixtures.servables import mean_colour_model
from tests.fixtures.waiting import PATIENCE

from viewfinder_components.errors import PermanentError
from viewfinder_components.inference import InferenceModel


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (37, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("batch", [1, 8, 37, 64])
@pytest.mark.parametrize("hint", ["LATENCY", "THROUGHPUT"])
def test_many_photos_keep_their_order(pixels: np.ndarray, batch: int, hint: str) -> None:
    rows = InferenceModel(mean_colour_model(16), hint).predict_many(pixels, batch)
    np.testing.assert_allclose(rows, pixels.mean(axis=(1, 2)), rtol=1e-5)


def test_one_batch(pixels: np.ndarray) -> None:
    rows = InferenceModel(mean_colour_model(16)).predict(pixels[:3])
    np.testing.assert_allclose(rows, pixels[:3].mean(axis=(1, 2)), rtol=1e-5)


def test_no_photos() -> None:
    rows = InferenceModel(mean_colour_model(16)).predict_many(np.empty((0, 16, 16, 3), np.uint8))
    assert rows.shape == (0, 3)


def test_a_missing_model_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="export the model again") as caught:
        InferenceModel.load(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_model_can_be_let_go_right_after_use(tmp_path: Path) -> None:
    """In a process of its own, since what it guards against is a dead-lock."""
    ov.save_model(mean_colour_model(16), tmp_path / "model.xml")
    code = (
        "import sys, pathlib, numpy as np\n"
        "from viewfinder_components.inference import InferenceModel\n"
        "pixels = np.zeros((64, 16, 16, 3), np.uint8)\n"
        "for _ in range(100):\n"
        "    InferenceModel.load(pathlib.Path(sys.argv[1])).predict_many(pixels)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=PATIENCE)


AFFINITIES = """
import contextlib, json, os, pathlib, sys, threading
import numpy as np
from viewfinder_components.inference import InferenceModel

model = InferenceModel.load(pathlib.Path(sys.argv[1]), "LATENCY", threads=1)
photo = np.zeros((1, model.image_size, model.image_size, 3), np.uint8)
ended = threading.Event()

def infer():
    while not ended.is_set():
        model.predict(photo)

worker = threading.Thread(target=infer)
worker.start()
found = set()
for _ in range(2_000):
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError):  # it has ended
            found.add(tuple(sorted(os.sched_getaffinity(int(thread)))))
ended.set()
worker.join()
print(json.dumps([*found]))
"""


def test_the_threads_may_use_every_core_of_the_process(tmp_path: Path) -> None:
    """Bound to the first ones, the predictors of all containers on a node would share these."""
    ov.save_model(mean_colour_model(512), tmp_path / "model.xml")
    done = subprocess.run(
        [sys.executable, "-c", AFFINITIES, str(tmp_path)],
        capture_output=True, check=True, timeout=PATIENCE,
    )  # fmt: skip
    assert json.loads(done.stdout) == [sorted(os.sched_getaffinity(0))]


def test_openvino_reports_nothing_about_its_user(tmp_path: Path) -> None:
    """With its telemetry, OpenVINO leaves a folder in the home and talks to Google Analytics."""
    code = (
        "import sys\n"
        "from viewfinder_components.openvino import ov\n"
        "ov.convert_model\n"
        "print(sys.modules['openvino_telemetry'])\n"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "None"
    assert list(tmp_path.iterdir()) == []


def test_neither_do_the_tests() -> None:
    assert sys.modules["openvino_telemetry"] is None


LITTLE_MEMORY = """
import pathlib, resource, sys
from viewfinder_components.errors import TransientError
from viewfinder_components.inference import InferenceModel

used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]),) * 2)
try:
    InferenceModel.load(pathlib.Path(sys.argv[1]), threads=1)
except TransientError as error:
    print(error)
"""


# Room for the library of the kernels, but not for the model; and not even for the library.
@pytest.mark.parametrize("room", [10 << 20, 100 << 20])
def test_too_little_memory_is_no_fault_of_the_model(tmp_path: Path, room: int) -> None:
    ov.save_model(mean_colour_model(16), tmp_path / "model.xml")
    command = [sys.executable, "-c", LITTLE_MEMORY, str(tmp_path), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.startswith("expected enough memory"), done.stdout
    assert "export the model again" not in done.stdout
