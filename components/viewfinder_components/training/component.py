"""The train step's contract."""

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def train(
    shards: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    training_metrics: dsl.Output[dsl.Metrics],
    backbone: str = "efficientnet-lite0",
    weights: str = "",
    head: str = "",
    epochs: int = 100,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    dropout: float = 0.2,
    label_smoothing: float = 0.0,
    patience: int = 15,
    augment: bool = False,
    fine_tune_epochs: int = 0,
    fine_tune_learning_rate: float = 1e-5,
    class_weights: str = "auto",
    precision: str = "auto",
    seed: int = 0,
    checkpoint_root: str = "",
) -> None:
    """Train a classifier on the shards, by transfer learning where weights are to be had.

    Args:
        shards: The shards of the preprocess step.
        model: The Keras model, the same model for OpenVINO, labels and curves.
        training_metrics: The best epoch's loss and accuracy.
        backbone: `efficientnet-lite0`, `mobilenet` or `scratch`.
        weights: Path or URI of the backbone's weights; empty for the package's own.
        head: `linear` or `book`; empty for the backbone's usual head.
        epochs: Most passes over the training photos.
        batch_size: Photos a step.
        learning_rate: Adam's step size for the head.
        dropout: Share of features the linear head hides in a step, 0 to 0.99.
        label_smoothing: Share of the target spread over all classes, 0 to 0.99.
        patience: Epochs without a better validation loss before training stops.
        augment: Whether to show training photos turned, shifted, zoomed and mirrored.
        fine_tune_epochs: Passes in which the backbone learns as well, after the head has.
        fine_tune_learning_rate: Adam's step size while fine-tuning.
        class_weights: `auto` balances the classes when they differ in size; `none` does not.
        precision: `auto`, `float32`, `mixed_float16` or `mixed_bfloat16`.
        seed: Seed of weights, shuffling and dropout.
        checkpoint_root: Folder from which killed training goes on; empty keeps none.
    """
    from viewfinder_components.outcome import record_outcome

    with record_outcome("train", training_metrics) as outcome:
        from pathlib import Path

        from viewfinder_components.training.train import TrainConfig, train_model

        config = TrainConfig(
            backbone=backbone,
            weights=weights,
            head=head,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            dropout=dropout,
            label_smoothing=label_smoothing,
            patience=patience,
            augment=augment,
            fine_tune_epochs=fine_tune_epochs,
            fine_tune_learning_rate=fine_tune_learning_rate,
            class_weights=class_weights,
            precision=precision,
            seed=seed,
        )
        checkpoints = Path(checkpoint_root or f"{model.path}.checkpoints")
        result = train_model(Path(shards.path), Path(model.path), checkpoints, config)
        model.metadata.update(backbone=backbone)
        outcome.succeed(
            result.summary, result.seconds, result.metrics, metadata={"model": model.metadata}
        )
