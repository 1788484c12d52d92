"""Photos to try a model with: for our own check, and for TensorFlow Serving's warm-up."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from viewfinder_components.export.pixel_ops import JPEG_MAGIC, PNG_MAGIC
from viewfinder_components.export.signature import INPUT, SIGNATURE
from viewfinder_components.formats.samples import Sample
from viewfinder_components.photos.decode import decode
from viewfinder_components.tensorflow import tf

REQUESTS = Path("assets.extra", "tf_serving_warmup_requests")
"""Where TensorFlow Serving looks for them, below the version."""
BATCHES = (1, 8)
"""Photos per request: what one client sends, and what many send at once."""
_ANY_SIZE = 1 << 40  # the samples were decoded before, so their pixels need no limit


def choose_requests(kept: Sequence[Sample], image_size: int) -> list[bytes]:
    """Choose the photos for a server's warm-up: from those kept, or a grey one if there are none.

    Args:
        kept: The test photos in the servable.
        image_size: Side of the photos that the model accepts, in pixels.
    """
    if not kept:
        grey = np.full((image_size, image_size, 3), 128, np.uint8)
        return [tf.io.encode_png(grey).numpy()]
    return [sample.content for sample in choose_samples(kept, image_size)]


def choose_samples(samples: Sequence[Sample], image_size: int) -> list[Sample]:
    """Choose up to 8 samples with the smallest files: a server reads them at every start.

    A photo in a format other than JPEG and PNG becomes a PNG of the pixels the model saw.

    Args:
        samples: At least one.
        image_size: Side of the photos that the model accepts, in pixels.
    """
    smallest = sorted(samples, key=lambda sample: (len(sample.content), sample.content))
    return [_as_served(sample, image_size) for sample in smallest[: max(BATCHES)]]


def write_warmup(path: Path, contents: Sequence[bytes], model_name: str) -> None:
    """Write a TFRecord file with one request for each of `BATCHES`.

    Args:
        path: The file to write; its folder is created.
        contents: The photos' files, at least one; repeated where a batch needs more.
        model_name: The name under which the model is served.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for batch in BATCHES:
            log = _prediction_log(list(islice(cycle(contents), batch)), model_name)
            writer.write(log.SerializeToString(deterministic=True))


def _as_served(sample: Sample, image_size: int) -> Sample:
    if sample.content.startswith((JPEG_MAGIC, PNG_MAGIC)):
        return sample
    pixels = decode(sample.content, image_size, _ANY_SIZE)
    return replace(sample, content=tf.io.encode_png(pixels).numpy(), suffix=".png")


def _prediction_log(contents: Sequence[bytes], model_name: str) -> Any:
    # Imports TensorFlow, so this has to wait until it was imported without its optional parts.
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = model_name
    request.model_spec.signature_name = SIGNATURE
    request.inputs[INPUT].CopyFrom(tf.make_tensor_proto(contents, tf.string))
    return log
