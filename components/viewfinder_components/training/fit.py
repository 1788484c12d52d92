"""The training loop: epochs, early stopping, and a state on disk after each epoch."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.progress import Progress
from viewfinder_components.tensorflow import keras, tf
from viewfinder_components.training.checkpoint import Checkpoint, TrainingProgress, TrainingState
from viewfinder_components.training.config import TrainConfig
from viewfinder_components.training.examples import Examples, in_order

_log = logging.getLogger(__name__)
_MEASURE_BATCH = 64

Step = Callable[[Any, Any], Any]
"""From inputs and labels to a tensor of two: the sum of losses, the number of correct answers."""


@dataclass(frozen=True)
class Phase:
    """A part of training in which the same variables learn at the same rate."""

    name: str
    network: Any
    """Keras model from inputs to logits."""
    learning: list[Any]
    """The variables that the optimizer changes."""
    kept: list[Any]
    """All variables that an epoch may change: those, averages and random states."""
    train: Examples
    val: Examples
    epochs: int
    learning_rate: float
    mixed_float16: bool = False
    """Whether losses must be scaled so that half-precision gradients do not vanish."""


def fit(
    phase: Phase,
    config: TrainConfig,
    class_weights: NDArray[np.float32] | None,
    checkpoint: Checkpoint,
    before: TrainingProgress,
) -> TrainingProgress:
    """Train until the epochs are used up or the validation loss stops falling.

    Leaves the network with the weights of the best epoch, or the last without validation photos.

    Args:
        phase: What to train.
        config: User settings.
        class_weights: float32 `[classes]`; None if all photos count the same.
        checkpoint: Where the state is stored after each epoch, and a killed run's is found.
        before: The end of the previous phase, whose best epoch is to be beaten.

    Raises:
        PermanentError: The loss is no longer a number.
    """
    optimizer = _optimizer(phase)
    step = _training_step(phase, config, optimizer, class_weights)
    measure = _measuring_step(phase.network)
    variables = [*phase.kept, *optimizer.variables]
    state = checkpoint.load(phase.name) or TrainingState(
        replace(before, waited=0, finished=False), _values(variables), _values(phase.kept)
    )
    _assign(variables, state.current)
    first = len(before.history)
    while not state.progress.finished:
        epoch = len(state.progress.history) + 1
        entry = _run_epoch(phase, config, epoch, step, measure)
        progress = _judged(state.progress, entry, epoch - first >= phase.epochs, config.patience)
        kept = _values(phase.kept)
        best = kept if progress.best_epoch == epoch else state.best
        state = TrainingState(progress, [*kept, *_values(optimizer.variables)], best)
        checkpoint.save(phase.name, state)
    _assign(phase.kept, state.best)
    return state.progress


def _run_epoch(
    phase: Phase, config: TrainConfig, epoch: int, step: Step, measure: Step
) -> dict[str, Any]:
    # The order depends only on seed and epoch, so a resumed run sees the same one.
    order = np.random.default_rng([config.seed, epoch]).permutation(len(phase.train.labels))
    photos = Progress(f"train: {phase.name} epoch {epoch}: photos", len(order), interval=10)
    loss, accuracy = _mean(step, phase.train, order, config.batch_size, photos)
    val_loss: float | None = None
    val_accuracy: float | None = None
    if len(phase.val.labels):
        every = np.arange(len(phase.val.labels))
        val_loss, val_accuracy = _mean(measure, phase.val, every, _MEASURE_BATCH)
    if not math.isfinite(loss) or not math.isfinite(val_loss or 0.0):
        raise PermanentError(
            "a finite loss",
            f"loss {loss} and validation loss {val_loss} in epoch {epoch} ({phase.name}) at the"
            f" learning rate {phase.learning_rate:g}",
            f"try a learning rate of {phase.learning_rate / 10:g}",
        )
    entry = {
        "epoch": epoch,
        "phase": phase.name,
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
    }
    _log_epoch(phase, entry)
    return entry


def _judged(
    before: TrainingProgress, entry: dict[str, Any], last: bool, patience: int
) -> TrainingProgress:
    """Count the epoch: is it the best so far, and is it the last?"""
    history = (*before.history, entry)
    if entry["val_loss"] is None:  # nothing to compare: keep the last epoch
        return TrainingProgress(history, entry["epoch"], before.best_loss, 0, last)
    if entry["val_loss"] < before.best_loss:
        return TrainingProgress(history, entry["epoch"], entry["val_loss"], 0, last)
    waited = before.waited + 1
    finished = last or waited >= patience
    return replace(before, history=history, waited=waited, finished=finished)


def _mean(
    step: Step,
    examples: Examples,
    order: NDArray[np.int64],
    size: int,
    shown: Progress | None = None,
) -> tuple[float, float]:
    """The mean loss and the share of correct answers over the examples in `order`."""
    results = []
    for inputs, labels in in_order(examples, order, size):
        results.append(step(inputs, labels))  # stays on the device, to avoid waiting for a GPU
        if shown:
            shown.advance(len(labels))
    sums = np.array([result.numpy() for result in results], np.float64).sum(axis=0)
    return float(sums[0] / len(order)), float(sums[1] / len(order))


def _optimizer(phase: Phase) -> Any:
    optimizer = keras.optimizers.Adam(phase.learning_rate)
    if phase.mixed_float16:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(phase.learning)
    return optimizer


def _training_step(
    phase: Phase, config: TrainConfig, optimizer: Any, class_weights: NDArray[np.float32] | None
) -> Step:
    classes, smoothing = phase.network.output.shape[-1], config.label_smoothing
    weights = tf.constant(np.ones(classes, np.float32) if class_weights is None else class_weights)

    def step(inputs: Any, labels: Any) -> Any:
        targets = tf.one_hot(
            labels, classes, 1 - smoothing + smoothing / classes, smoothing / classes
        )
        with tf.GradientTape() as tape:
            logits = tf.cast(phase.network(inputs, training=True), tf.float32)
            losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
            losses *= tf.gather(weights, labels)
            objective = optimizer.scale_loss(tf.reduce_mean(losses))
        optimizer.apply(tape.gradient(objective, phase.learning), phase.learning)
        return _sums(losses, logits, labels)

    return _compiled(step, phase.network, config.batch_size)


def _measuring_step(network: Any) -> Step:
    def step(inputs: Any, labels: Any) -> Any:
        logits = tf.cast(network(inputs, training=False), tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return _sums(losses, logits, labels)

    return _compiled(step, network, _MEASURE_BATCH)


def _sums(losses: Any, logits: Any, labels: Any) -> Any:
    right = tf.argmax(logits, axis=1, output_type=tf.int32) == labels
    return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(tf.cast(right, tf.float32))])


def _compiled(step: Step, network: Any, size: int) -> Step:
    """Let one call process any number of examples, in batches of `size`; sums add up."""

    def steps(inputs: Any, labels: Any) -> Any:
        count = tf.shape(labels)[0]

        def one(start: Any, sums: Any) -> tuple[Any, Any]:
            stop = tf.minimum(start + size, count)
            return start + size, sums + step(inputs[start:stop], labels[start:stop])

        begin = (tf.constant(0), tf.zeros(2))
        return tf.while_loop(lambda start, _: start < count, one, begin, parallel_iterations=1)[1]

    # An open batch size: the last, smaller batch of an epoch must not be traced separately.
    inputs = network.inputs[0]
    signature = [tf.TensorSpec(inputs.shape, inputs.dtype), tf.TensorSpec((None,), tf.int32)]
    compiled: Step = tf.function(steps, input_signature=signature, autograph=False)
    return compiled


def _values(variables: list[Any]) -> list[NDArray[Any]]:
    return [variable.numpy() for variable in variables]


def _assign(variables: list[Any], values: list[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _log_epoch(phase: Phase, entry: dict[str, Any]) -> None:
    # Epochs on features take milliseconds: a line for each would bury the rest of the log.
    if phase.train.batches_at_once > 1 and entry["epoch"] % 10:
        return
    numbers = {name: entry[name] for name in ("loss", "val_loss", "val_accuracy")}
    said = ", ".join(f"{name} {value:.4f}" for name, value in numbers.items() if value is not None)
    _log.info("train: %s epoch %d: %s", phase.name, entry["epoch"], said)
