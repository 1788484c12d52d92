"""Two threads that both make the first call of OpenVINO's Python layer dead-lock; ours must not."""

import subprocess
import sys
from pathlib import Path
from types import FrameType

import openvino as ov
from tests.fixtures.servables import mean_colour_model
from tests.fixtures.waiting import PATIENCE

from viewfinder_components.inference import InferenceModel

RUNS = 5


def test_the_first_call_is_made_before_a_thread_can_be() -> None:
    """The race below shows in one run of ten; that it cannot happen shows here."""
    calls = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_name == "infer":
            calls.append(frame.f_code.co_filename)

    model = mean_colour_model(16)
    sys.setprofile(note)
    try:
        InferenceModel(model)
    finally:
        sys.setprofile(None)
    assert any("openvino" in path for path in calls)


def test_several_threads_may_make_the_first_calls(tmp_path: Path) -> None:
    """In processes of their own, with Python's lock changing hands as often as it can.

    OpenVINO makes tables of its types within C++ function statics, while it holds Python's lock;
    without the call in the constructor about one such process in twelve never ended.
    """
    ov.save_model(mean_colour_model(16), tmp_path / "model.xml")
    code = (
        "import sys, pathlib, threading, numpy as np\n"
        "from viewfinder_components.inference import InferenceModel\n"
        "model = InferenceModel.load(pathlib.Path(sys.argv[1]), 'LATENCY', 2)\n"
        "together = threading.Barrier(4)\n"
        "sys.setswitchinterval(1e-6)\n"
        "def ask():\n"
        "    together.wait()\n"
        "    model.predict(np.zeros((1, 16, 16, 3), np.uint8))\n"
        "threads = [threading.Thread(target=ask) for _ in range(4)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    for _ in range(RUNS):
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=PATIENCE)
