"""A backbone and a head, as one Keras model and as the parts that training needs."""

from dataclasses import dataclass
from typing import Any, Self

from viewfinder_components.tensorflow import keras, tf

_ROTATION = 20 / 360  # of a full turn: 20 degrees
_SHARE = 0.2  # shift and zoom, of the picture's width


@dataclass(frozen=True)
class TrainableClassifier:
    """One set of layers, as several Keras models that share their weights."""

    backbone: Any
    """uint8 pixels `[n, size, size, 3]` to features `[n, f]`."""
    head: Any
    """Features to logits `[n, classes]`."""
    head_probabilities: Any
    """Features to float32 probabilities `[n, classes]`."""

    @classmethod
    def build(cls, backbone: Any, head: str, classes: int, dropout: float, policy: str) -> Self:
        """Put a new head on `backbone`.

        Args:
            backbone: From `backbones.build_backbone`.
            head: `linear` is dropout and a dense layer; `hidden-layer` is dense 64 with ReLU,
                dropout .5 and a dense layer, as in Koul, Ganju and Kasam, "Practical Deep Learning
                for Cloud, Mobile, and Edge", 2019. Both end in a softmax.
            classes: Number of probabilities to return.
            dropout: The share of features that the linear head drops in training.
            policy: Keras' dtype policy for the head.
        """
        features = keras.Input(backbone.output.shape[1:], name="features")
        x = features
        if head == "hidden-layer":
            x = keras.layers.Dense(64, activation="relu", name="dense", dtype=policy)(x)
            dropout = 0.5
        x = keras.layers.Dropout(dropout, name="dropout", dtype=policy)(x)
        logits = keras.layers.Dense(classes, name="logits", dtype=policy)(x)
        # float32 even under mixed precision: half-precision probabilities do not add up to 1.
        softmax = keras.layers.Activation("softmax", name="probabilities", dtype="float32")
        return cls(
            backbone,
            keras.Model(features, logits, name="head"),
            keras.Model(features, softmax(logits), name="head_probabilities"),
        )

    def model(self) -> Any:
        """Return the model to save: uint8 `pixels` to float32 `probabilities`."""
        x = self.backbone.output
        for layer in self.head_probabilities.layers[1:]:
            x = layer(x)
        return keras.Model(self.backbone.input, x, name="classifier")

    def trainable(self, augment: bool, batch_norm_learns: bool) -> Any:
        """Return the network for training through the backbone: pixels to logits.

        Args:
            augment: Whether to prepend the random changes of `augmentation`.
            batch_norm_learns: Whether BatchNormalization uses and averages the batch's own
                statistics. Right from scratch; wrong with pre-trained weights and few photos.
        """
        pixels = keras.Input(self.backbone.input.shape[1:], dtype="uint8", name="pixels")
        x = augmentation()(pixels) if augment else pixels
        x = self.backbone(x) if batch_norm_learns else Inferring(self.backbone)(x)
        return keras.Model(pixels, self.head(x), name="trainable")

    def copy_weights(self, source: "TrainableClassifier") -> None:
        """Copy the weights of a classifier of the same architecture and another dtype policy."""
        self.backbone.set_weights(source.backbone.get_weights())
        self.head.set_weights(source.head.get_weights())


def augmentation() -> Any:
    """Build the layers that randomly rotate, shift, zoom and mirror photos; uint8 in and out.

    Source: the settings of Keras' old `ImageDataGenerator` in Koul, Ganju and Kasam, "Practical
    Deep Learning for Cloud, Mobile, and Edge", 2019: 20 degrees, shifts and zoom of .2, horizontal
    flip, gaps filled with the nearest pixel.
    """
    fill = {"fill_mode": "nearest", "dtype": "float32"}
    return keras.Sequential(
        [
            keras.layers.RandomFlip("horizontal", dtype="float32"),
            keras.layers.RandomRotation(_ROTATION, **fill),
            keras.layers.RandomTranslation(_SHARE, _SHARE, **fill),
            keras.layers.RandomZoom(_SHARE, **fill),
            ToPixels(dtype="uint8"),
        ],
        name="augmentation",
    )


class ToPixels(keras.layers.Layer):  # type: ignore[misc]
    """Round to uint8, like the pixels of a photo."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)

    def call(self, inputs: Any) -> Any:
        """Round and clip float pixels."""
        return tf.cast(tf.clip_by_value(tf.round(inputs), 0.0, 255.0), tf.uint8)


class Inferring(keras.layers.Layer):  # type: ignore[misc]
    """A network that always runs in inference mode: its weights may learn, its averages stay.

    `network(x, training=False)` in a functional model is not enough: Keras overrides it when the
    model around it is called with `training=True`.
    """

    def __init__(self, network: Any) -> None:
        super().__init__(name="inferring")
        self.network = network

    def call(self, inputs: Any) -> Any:
        """Run the network with BatchNormalization's stored averages."""
        return self.network(inputs, training=False)
