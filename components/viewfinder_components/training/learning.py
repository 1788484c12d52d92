"""From shards to a trained classifier, in phases; all of it needs TensorFlow."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.formats.shards import Shards
from viewfinder_components.inference import InferenceModel
from viewfinder_components.openvino import ov
from viewfinder_components.tensorflow import tf
from viewfinder_components.timing import Stopwatch
from viewfinder_components.training.backbones import build_backbone, find_backbone
from viewfinder_components.training.checkpoint import Checkpoint, TrainingProgress
from viewfinder_components.training.class_weights import balanced_weights
from viewfinder_components.training.classifier import TrainableClassifier
from viewfinder_components.training.config import FINE_TUNE, TrainConfig
from viewfinder_components.training.examples import FeatureExamples, PhotoExamples
from viewfinder_components.training.features import Extractor, compute_features
from viewfinder_components.training.fit import Phase, fit
from viewfinder_components.training.hardware import Hardware, find_hardware, make_reproducible
from viewfinder_components.training.openvino_ir import joined, to_openvino
from viewfinder_components.training.weights import WeightsFile

_GPU_BATCH = 256


@dataclass(frozen=True)
class Learned:
    """The result of training."""

    classifier: TrainableClassifier
    """In float32, regardless of the training precision."""
    ir: ov.Model
    """The same classifier for OpenVINO."""
    progress: TrainingProgress
    class_weights: NDArray[np.float32] | None
    head: str
    hardware: Hardware
    seeds: dict[str, int]
    deterministic: bool
    features: dict[str, NDArray[np.float32]]
    """float32 `[n, f]` of the train and val photos, by split; empty unless the head was trained on
    features, and the backbone was not trained after it."""


def learn(
    shards: Shards,
    config: TrainConfig,
    weights: WeightsFile | None,
    checkpoint: Checkpoint,
    watch: Stopwatch,
) -> Learned:
    """Train a classifier on the train split, evaluated on the val split.

    Args:
        shards: From preprocess.
        config: User settings.
        weights: The backbone's weights; None from scratch.
        checkpoint: Where the state of a killed run is found, and this run's is kept.
        watch: Counts the seconds of each phase.

    Raises:
        PermanentError: The weights do not fit or the loss is no longer a number.
    """
    hardware = find_hardware(config.precision)
    # The gradient of a depthwise convolution has no deterministic GPU kernel in TensorFlow 2.21.
    frozen = weights is not None and not config.fine_tune_epochs
    deterministic = frozen or not hardware.gpu
    seeds = make_reproducible(config.seed, deterministic)
    learner = _Learner(shards, config, weights, checkpoint, watch, hardware)
    with watch.phase("build"):
        classifier = learner.build("float32")
    if weights is None:
        progress, ir = learner.train_from_scratch(classifier), None
    elif config.augment:
        progress, ir = learner.train_head_on_photos(classifier), None
    else:
        progress, ir = learner.train_head_on_features(classifier)
    features = learner.features
    if config.fine_tune_epochs:
        progress, ir, features = learner.fine_tune(classifier, progress), None, {}
    with watch.phase("convert"):
        ir = ir or to_openvino(classifier.model(), "probabilities")
    return Learned(
        classifier,
        ir,
        progress,
        learner.class_weights,
        learner.head,
        hardware,
        seeds,
        deterministic,
        features,
    )


class _Learner:
    """The phases of a training run; each leaves the classifier with its best weights."""

    def __init__(
        self,
        shards: Shards,
        config: TrainConfig,
        weights: WeightsFile | None,
        checkpoint: Checkpoint,
        watch: Stopwatch,
        hardware: Hardware,
    ) -> None:
        self._config = config
        self._shards = shards
        self._weights = weights
        self._checkpoint = checkpoint
        self._watch = watch
        self._hardware = hardware
        self._train, self._val = shards.split("train"), shards.split("val")
        self.features: dict[str, NDArray[np.float32]] = {}
        self.head = config.head or find_backbone(config.backbone).usual_head
        balanced = balanced_weights(self._train.labels, len(shards.labels))
        self.class_weights = balanced if config.class_weights == "auto" else None

    def build(self, policy: str) -> TrainableClassifier:
        """Build the classifier with the backbone's weights and a random head."""
        path = self._weights.path if self._weights else None
        size, classes = self._shards.image_size, len(self._shards.labels)
        backbone = build_backbone(self._config.backbone, size, path, policy)
        return TrainableClassifier.build(backbone, self.head, classes, self._config.dropout, policy)

    def train_head_on_features(
        self, classifier: TrainableClassifier
    ) -> tuple[TrainingProgress, ov.Model]:
        """Compute the frozen backbone's features once and train the head on them."""
        with self._watch.phase("convert"):
            extract, backbone_ir = self._extractor(classifier.backbone)
        with self._watch.phase("features"):
            width, folder = classifier.backbone.output.shape[-1], self._checkpoint.directory
            compute = partial(compute_features, extract, width=width, directory=folder / "features")
            train = FeatureExamples(compute(split=self._train), self._train.labels)
            val = FeatureExamples(compute(split=self._val), self._val.labels)
        self.features = {"train": train.features, "val": val.features}
        epochs, rate = self._config.epochs, self._config.learning_rate
        head = classifier.head
        phase = Phase(
            "head", head, head.trainable_variables, head.variables, train, val, epochs, rate
        )
        progress = self._fit(phase, TrainingProgress())
        with self._watch.phase("convert"):
            head_ir = to_openvino(classifier.head_probabilities, "probabilities")
            return progress, joined(backbone_ir, head_ir)

    def train_head_on_photos(self, classifier: TrainableClassifier) -> TrainingProgress:
        """Train the head on the frozen backbone, with photos that differ in every epoch."""
        return self._train_on_photos("head", classifier, TrainingProgress())

    def fine_tune(
        self, classifier: TrainableClassifier, progress: TrainingProgress
    ) -> TrainingProgress:
        """Train the backbone and the head together, slowly; kept only if it helps."""
        return self._train_on_photos(FINE_TUNE, classifier, progress)

    def train_from_scratch(self, classifier: TrainableClassifier) -> TrainingProgress:
        """Train the whole network from scratch."""
        return self._train_on_photos("scratch", classifier, TrainingProgress())

    def _train_on_photos(
        self, name: str, classifier: TrainableClassifier, before: TrainingProgress
    ) -> TrainingProgress:
        policy, config = self._hardware.policy, self._config
        working = classifier if policy == "float32" else self.build(policy)
        working.copy_weights(classifier)
        network = working.trainable(config.augment, batch_norm_learns=name == "scratch")
        frozen = {id(variable) for variable in working.backbone.variables if name == "head"}
        fine_tuning = name == FINE_TUNE
        phase = Phase(
            name,
            network,
            [variable for variable in network.trainable_variables if id(variable) not in frozen],
            [variable for variable in network.variables if id(variable) not in frozen],
            PhotoExamples(self._train),
            PhotoExamples(self._val),
            config.fine_tune_epochs if fine_tuning else config.epochs,
            config.fine_tune_learning_rate if fine_tuning else config.learning_rate,
            policy == "mixed_float16",
        )
        progress = self._fit(phase, before)
        classifier.copy_weights(working)
        return progress

    def _fit(self, phase: Phase, before: TrainingProgress) -> TrainingProgress:
        with self._watch.phase(phase.name):
            return fit(phase, self._config, self.class_weights, self._checkpoint, before)

    def _extractor(self, backbone: Any) -> tuple[Extractor, ov.Model]:
        """TensorFlow if it has a GPU, else OpenVINO: 2.5 times TensorFlow's speed on a CPU."""
        ir = to_openvino(backbone, "features")
        if self._hardware.gpu:
            return tensorflow_extractor(backbone), ir
        return InferenceModel(ir).predict_many, ir


def tensorflow_extractor(backbone: Any) -> Extractor:
    """Run `backbone` with TensorFlow."""
    source = backbone.inputs[0]
    signature = [tf.TensorSpec(source.shape, source.dtype)]
    infer = tf.function(
        partial(backbone, training=False), input_signature=signature, autograph=False
    )

    def extract(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        starts = range(0, len(pixels), _GPU_BATCH)
        return np.concatenate([infer(pixels[at : at + _GPU_BATCH]).numpy() for at in starts])

    return extract
