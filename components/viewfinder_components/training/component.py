"""The train step's contract."""

from kfp import dsl

from viewfinder_components.parameters import declares
from viewfinder_components.training.config import STEP


@dsl.component(base_image=STEP.image, install_kfp_package=False)
@declares(*STEP.configs)
def train(
    shards: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    training_metrics: dsl.Output[dsl.Metrics],
    backbone: str,
    weights: str,
    head: str,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    dropout: float,
    label_smoothing: float,
    patience: int,
    augment: bool,
    fine_tune_epochs: int,
    fine_tune_learning_rate: float,
    class_weights: str,
    precision: str,
    seed: int,
    checkpoint_root: str,
) -> None:
    """Train a classifier on the shards, by transfer learning if weights are available.

    Args:
        shards: The shards of the preprocess step.
        model: The Keras model, the same model for OpenVINO, labels and curves.
        training_metrics: The best epoch's loss and accuracy.
    """
    arguments = locals()
    from viewfinder_components.outcome import record_outcome

    with record_outcome("train", training_metrics) as outcome:
        from pathlib import Path

        from viewfinder_components.parameters import build_config
        from viewfinder_components.training.config import CheckpointConfig, TrainConfig
        from viewfinder_components.training.train import train_model

        config = build_config(TrainConfig, arguments)
        root = build_config(CheckpointConfig, arguments).checkpoint_root
        checkpoints = Path(root or f"{model.path}.checkpoints")
        result = train_model(Path(shards.path), Path(model.path), checkpoints, config)
        model.metadata.update(backbone=backbone)
        outcome.succeed(
            result.summary, result.seconds, result.metrics, metadata={"model": model.metadata}
        )
