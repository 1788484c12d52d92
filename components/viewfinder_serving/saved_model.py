"""Run a SavedModel that the export step wrote, on photos that are decoded already."""

import contextlib
import struct
import zlib
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.inference import Answers, Explained
from viewfinder_components.tensorflow import tf
from viewfinder_serving.tensors import INPUT, SIGNATURE

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_BITS, _RGB = 8, 2  # for each colour; the kind of colours


class SavedModel:
    """From uint8 pixels `[n, size, size, 3]` to float32 rows, as `InferenceModel`. Thread-safe.

    The SavedModel takes files. It is given the pixels as PNG, which keeps every bit, in the size to
    which it would resize them, so what it computes is the network on these pixels. Its own decoders
    never see what a client sent.

    Args:
        model: What TensorFlow loaded.
        image_size: Side of the photos that the network accepts, in pixels.
    """

    explanation_method = None
    """It cannot explain its answers."""

    def __init__(self, model: Any, image_size: int) -> None:
        self._model = model  # its signatures do not keep it alive
        self._answer = model.signatures[SIGNATURE]
        self.image_size = image_size

    @classmethod
    def load(cls, directory: Path, image_size: int, threads: int | None = None) -> Self:
        """Read `saved_model.pb` and what belongs to it.

        Args:
            directory: Where it is.
            image_size: As for the class.
            threads: Cores to use; None for all.

        Raises:
            PermanentError: There is no SavedModel with the signature that the export step writes.
        """
        if threads is not None:
            # Whoever has computed with TensorFlow before in this process cannot choose any more.
            with contextlib.suppress(RuntimeError):
                tf.config.threading.set_intra_op_parallelism_threads(threads)
                tf.config.threading.set_inter_op_parallelism_threads(threads)
        try:
            return cls(tf.saved_model.load(str(directory)), image_size)
        except Exception as error:  # protobuf's, TensorFlow's own, and Python's
            raise PermanentError(
                f"a SavedModel with the signature {SIGNATURE} in {directory}",
                f"{type(error).__name__}: {str(error).strip()[:300]}",
                "export the model again, with this release of TensorFlow or an older one",
            ) from error

    def answer(
        self, pixels: NDArray[np.uint8], alone: bool = False, features: bool = False
    ) -> Answers:
        """Run one batch; the answers contain no features.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.
            alone: Ignored: TensorFlow divides its threads itself.
            features: Ignored: the signature does not return them.

        Raises:
            RuntimeError: TensorFlow cannot run the model.
        """
        files = [_to_png(photo) for photo in pixels]
        try:
            answers = self._answer(**{INPUT: tf.constant(files)})
        except tf.errors.OpError as error:
            raise RuntimeError(str(error)) from error
        return Answers(np.array(answers["probabilities"].numpy(), dtype=np.float32), None)

    def explain(
        self, pixels: NDArray[np.uint8], alone: bool = False, features: bool = False
    ) -> Explained:
        """Refuse to.

        Raises:
            PermanentError: Always.
        """
        raise PermanentError(
            "OpenVINO's model, which can be explained", "a SavedModel", "ask for predictions only"
        )


def _to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return RGB pixels as a PNG file that is not compressed (https://www.w3.org/TR/png-3/).

    Pillow's encoder looks for the best filter of each row, which takes 30 times as long.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, _BITS, _RGB, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), level=0)), (b"IEND", b""))
    return _PNG_MAGIC + b"".join(_to_chunk(kind, content) for kind, content in parts)


def _to_chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
