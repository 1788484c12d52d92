import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from viewfinder_components.formats.shards import Shards
from viewfinder_components.training.checkpoint import (
    Checkpoint,
    TrainingProgress,
    TrainingState,
    held_checkpoint,
    run_digest,
)
from viewfinder_components.training.config import TrainConfig

ENTRY = {"epoch": 1, "phase": "head", "loss": 0.1 + 0.2, "val_loss": None}
STATE = TrainingState(
    TrainingProgress((ENTRY,), best_epoch=1, waited=2),
    [np.float32([1.5, 2]), np.array(3, np.int64)],
    [np.float32([7])],
)


def test_a_state_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "run")
    checkpoint.save("head", STATE)

    state = checkpoint.load("head")

    assert state is not None
    assert state.progress == STATE.progress
    assert state.progress.best_loss == float("inf")
    for mine, theirs in zip(state.current + state.best, STATE.current + STATE.best, strict=True):
        np.testing.assert_array_equal(mine, theirs, strict=True)
    assert checkpoint.epochs() == 1


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path).load("head") is None
    assert Checkpoint(tmp_path).epochs() == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"junk"])
def test_a_damaged_state_is_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "head.npz").write_bytes(content)

    assert Checkpoint(tmp_path).load("head") is None


def test_a_state_is_replaced_in_one_move(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save("head", STATE)
    (tmp_path / "head.tmp").write_bytes(b"what a kill leaves")

    assert checkpoint.load("head") is not None
    checkpoint.save("head", replace(STATE, progress=replace(STATE.progress, finished=True)))
    state = checkpoint.load("head")
    assert state is not None
    assert state.progress.finished


OTHERS: dict[str, Any] = {
    "backbone": "mobilenet",
    "weights": "w.h5",
    "head": "hidden-layer",
    "epochs": 99,
    "batch_size": 32,
    "learning_rate": 0.01,
    "dropout": 0.5,
    "label_smoothing": 0.1,
    "patience": 3,
    "augment": True,
    "fine_tune_epochs": 1,
    "fine_tune_learning_rate": 1e-6,
    "class_weights": "none",
    "precision": "float32",
    "seed": 1,
}


def test_the_digest_covers_every_setting(make_shards) -> None:
    shards = Shards.open(make_shards(16))
    config = TrainConfig()
    assert OTHERS.keys() == {field.name for field in fields(config)}

    digests = {run_digest(shards, replace(config, **{name: OTHERS[name]}), "") for name in OTHERS}

    assert len(digests) == len(OTHERS)
    assert run_digest(shards, config, "") not in digests
    assert run_digest(shards, config, "") == run_digest(shards, TrainConfig(), "")
    assert run_digest(shards, config, "") != run_digest(shards, config, "other weights")


def test_the_digest_covers_the_order_of_the_photos(make_shards) -> None:
    first, same, other = (Shards.open(make_shards(16, seed=seed)) for seed in (0, 0, 1))

    assert first.data_digest == other.data_digest
    assert run_digest(first, TrainConfig(), "") == run_digest(same, TrainConfig(), "")
    assert run_digest(first, TrainConfig(), "") != run_digest(other, TrainConfig(), "")


def test_a_finished_run_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "checkpoints"
    with held_checkpoint(root, "a") as checkpoint:
        checkpoint.save("head", STATE)

    assert not root.exists()


def test_a_failed_run_leaves_its_state_to_go_on_from(tmp_path: Path) -> None:
    def fail() -> None:
        with held_checkpoint(tmp_path, "a") as checkpoint:
            checkpoint.save("head", STATE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with held_checkpoint(tmp_path, "a") as checkpoint:
        assert checkpoint.epochs() == 1
    with held_checkpoint(tmp_path, "b") as checkpoint:
        assert checkpoint.epochs() == 0


def test_runs_of_one_digest_take_turns(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from viewfinder_components.training.checkpoint import held_checkpoint\n"
        "with held_checkpoint(Path(sys.argv[1]), 'a') as checkpoint:\n"
        "    print('in', flush=True); sys.stdin.readline(); print('out', flush=True)\n"
    )
    second = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    entered = threading.Event()

    def first() -> None:
        with held_checkpoint(tmp_path, "a"):
            entered.set()

    thread = threading.Thread(target=first)
    with second:
        assert second.stdin is not None
        assert second.stdout is not None
        assert second.stdout.readline() == "in\n"
        thread.start()
        with held_checkpoint(tmp_path, "b"):
            assert not entered.wait(0.3)
        second.stdin.write("\n")
        second.stdin.close()
        thread.join()
    assert second.returncode == 0
    assert entered.is_set()
    assert not tmp_path.exists()


def test_the_folder_may_be_removed_at_any_moment(tmp_path: Path) -> None:
    """Each run makes the folder of all checkpoints, and removes it when nothing is left in it."""
    code = (
        "import sys; from pathlib import Path\n"
        "from viewfinder_components.training.checkpoint import held_checkpoint\n"
        "print(flush=True); input()\n"
        "for _ in range(1000):\n"
        "    with held_checkpoint(Path(sys.argv[1]), sys.argv[2]):\n"
        "        pass\n"
    )
    root = tmp_path / "checkpoints"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, root, digest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for digest in "abcd"
    ]
    for run in runs:
        assert run.stdout is not None
        run.stdout.readline()
    for run in runs:
        assert run.stdin is not None
        run.stdin.write(b"\n")
        run.stdin.close()
    with ExitStack() as stack:
        assert [stack.enter_context(run).wait() for run in runs] == [0] * 4
    assert not root.exists()


@pytest.mark.parametrize("target", ["a file", "a folder that does not exist"])
def test_a_folder_that_cannot_be_made_ends_the_run(tmp_path: Path, target: str) -> None:
    root = tmp_path / "checkpoints"
    if target == "a file":
        root.touch()
    else:
        root.symlink_to(tmp_path / "nowhere")

    with pytest.raises(OSError, match=r"Not a directory|No such file"), held_checkpoint(root, "a"):
        pass
