"""Train a classifier on shards and write it: the function behind the train step."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.features import write_features
from viewfinder_components.formats.labels import write_labels
from viewfinder_components.formats.shards import Shards
from viewfinder_components.formats.training import write_training
from viewfinder_components.timing import Stopwatch
from viewfinder_components.training.checkpoint import held_checkpoint, library_versions, run_digest
from viewfinder_components.training.config import TrainConfig, TrainResult
from viewfinder_components.training.weights import find_weights

if TYPE_CHECKING:  # importing it loads TensorFlow, which takes seconds
    from viewfinder_components.training.learning import Learned

__all__ = ["TrainConfig", "TrainResult", "train_model"]

_log = logging.getLogger(__name__)
_PARITY_PHOTOS = 4  # one is enough to show a wrong conversion; each costs .2 s


def train_model(
    shards_dir: Path, model_dir: Path, checkpoint_dir: Path, config: TrainConfig
) -> TrainResult:
    """Train a classifier and write the model directory.

    If it is killed and called again with the same arguments, it resumes after the last finished
    epoch and gives the same weights.

    Args:
        shards_dir: From preprocess.
        model_dir: Where `model.keras`, `model.xml`, `model.bin`, `labels.json`, `training.json`
            and, if the backbone stays frozen, `features.npz` go; made when missing.
        checkpoint_dir: Where runs keep their state while they last, each in its own folder.
        config: User settings.

    Raises:
        PermanentError: There are no training photos, the weights do not fit, or training diverges.
    """
    watch = Stopwatch("train")
    shards = Shards.open(shards_dir)
    _require_photos(shards)
    weights = find_weights(config.backbone, config.weights)  # fail before the wait if missing
    origin = {"source": weights.source, "sha256": weights.sha256()} if weights else None
    digest = run_digest(shards, config, origin["sha256"] if origin else "")
    with held_checkpoint(checkpoint_dir, digest) as checkpoint:
        resumed = checkpoint.epochs()
        if resumed:
            _log.info("train: resuming after epoch %d of an earlier run", resumed)
        with watch.phase("import"):
            from viewfinder_components.training import learning, outputs
        learned = learning.learn(shards, config, weights, checkpoint, watch)
        with watch.phase("save"):
            model = learned.classifier.model()
            outputs.save_models(model, learned.ir, model_dir)
            some = shards.split("train").pixels(0, _PARITY_PHOTOS)
            parity = outputs.check_parity(model, model_dir, some)
            splits = {name: shards.split(name) for name in learned.features}
            write_features(model_dir, learned.features, splits)
        result = _result(shards, config, origin, learned, resumed, parity, watch)
        write_labels(model_dir, result.labels)
        write_training(model_dir, result.to_json())
    return result


def _require_photos(shards: Shards) -> None:
    counts = shards.manifest["counts"]
    if not counts["train"]:
        raise PermanentError("training photos", f"none among {counts}", "add some to train")
    if len(shards.labels) < 2:
        raise PermanentError("two classes or more", f"{list(shards.labels)}", "add another class")
    if not counts["val"]:
        _log.warning("train: no validation photos, so training runs all epochs and keeps the last")


def _result(
    shards: Shards,
    config: TrainConfig,
    origin: dict[str, str] | None,
    learned: "Learned",
    resumed: int,
    parity: float,
    watch: Stopwatch,
) -> TrainResult:
    weights = learned.class_weights
    return TrainResult(
        config=config,
        backbone=config.backbone,
        head=learned.head,
        weights=origin,
        labels=list(shards.labels),
        image_size=shards.image_size,
        data_digest=shards.data_digest,
        photos=dict(shards.manifest["counts"]),
        class_weights=None
        if weights is None
        else dict(zip(shards.labels, weights.tolist(), strict=True)),
        history=list(learned.progress.history),
        best_epoch=learned.progress.best_epoch,
        resumed_from_epoch=resumed,
        precision=learned.hardware.policy,
        device=learned.hardware.device,
        parity=parity,
        seeds=learned.seeds,
        deterministic=learned.deterministic,
        versions=library_versions(),
        seconds=watch.seconds,
    )
