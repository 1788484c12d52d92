"""Kill training, start it again, and compare with a run that nobody disturbed."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewfinder_components.tensorflow import keras
from viewfinder_components.training.checkpoint import Checkpoint

_TRAIN = """
import json, sys
from pathlib import Path
from viewfinder_components.training.train import TrainConfig, train_model
train_model(*map(Path, sys.argv[1:4]), TrainConfig(**json.loads(sys.argv[4])))
"""


def start(shards: Path, root: Path, settings: dict[str, Any]) -> subprocess.Popen[bytes]:
    paths = [str(shards), str(root / "model"), str(root / "checkpoints")]
    return subprocess.Popen([sys.executable, "-c", _TRAIN, *paths, json.dumps(settings)])


def kill_after(epochs: int, process: subprocess.Popen[bytes], checkpoints: Path) -> None:
    def done() -> int:
        runs = [Checkpoint(path) for path in checkpoints.glob("*") if path.is_dir()]
        return max((run.epochs() for run in runs), default=0)

    while done() < epochs:
        assert process.poll() is None, "training ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "kill_at"),
    [
        pytest.param(
            {"backbone": "efficientnet-lite0", "epochs": 400, "patience": 400},
            20,
            id="head on features",
        ),
        pytest.param(
            {"backbone": "mobilenet", "epochs": 2, "fine_tune_epochs": 3}, 3, id="fine-tuning"
        ),
        pytest.param({"backbone": "scratch", "epochs": 6, "augment": True}, 2, id="from scratch"),
    ],
)
def test_killed_and_started_again_it_ends_the_same(
    make_shards, tmp_path: Path, settings: dict[str, Any], kill_at: int
) -> None:
    shards = make_shards(32)
    settings = settings | {"batch_size": 16, "weights": ""}
    if settings["backbone"] == "mobilenet":
        settings["weights"] = str(tmp_path / "mobilenet.weights.h5")
        network = keras.applications.MobileNet((32, 32, 3), include_top=False, weights=None)
        network.save_weights(settings["weights"])
    killed, whole = tmp_path / "killed", tmp_path / "whole"

    undisturbed = start(shards, whole, settings)
    kill_after(kill_at, start(shards, killed, settings), killed / "checkpoints")
    assert not (killed / "model").exists()
    assert start(shards, killed, settings).wait() == 0
    assert undisturbed.wait() == 0

    records = [json.loads((run / "model" / "training.json").read_text()) for run in (killed, whole)]
    assert records[0]["resumed_from_epoch"] >= kill_at
    assert records[1]["resumed_from_epoch"] == 0
    assert records[0]["history"] == records[1]["history"]
    models = [keras.models.load_model(run / "model" / "model.keras") for run in (killed, whole)]
    for mine, theirs in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not (killed / "checkpoints").exists()
