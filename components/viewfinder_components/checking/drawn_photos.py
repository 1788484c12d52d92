"""The test photos that every precision answers, sent to the predictor as the model sees them."""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.checking.conversation import Conversation, NoAnswerError
from viewfinder_components.formats.shard_files import ShardFiles, SplitPixels

_SEED = 0  # every check of the same data takes the same photos
_REQUEST_BYTES = 4_000_000  # of pixels; a third more in base64, far below the predictor's limit
_REQUEST_PHOTOS = 8


@dataclass(frozen=True)
class DrawnPhotos:
    """Test photos of known class."""

    split: SplitPixels
    places: NDArray[np.int64]
    """int64 `[n]`: their places in the split, ascending."""
    classes: int
    """Number of classes."""

    @classmethod
    def draw(cls, shards_dir: Path, most: int) -> Self:
        """Draw photos of the test split; all of them if there are no more than `most`.

        Raises:
            PermanentError: The shards cannot be read.
        """
        shards = ShardFiles.open(shards_dir)
        split = shards.read_split("test")
        order = np.random.default_rng(_SEED).permutation(len(split))
        return cls(split, np.sort(order[:most]), len(shards.labels))

    def __len__(self) -> int:
        return len(self.places)

    @property
    def truth(self) -> NDArray[np.int32]:
        """int32 `[n]`: the position of each photo's class in the labels."""
        return self.split.labels[self.places]

    def ask(self, conversation: Conversation, path: str) -> NDArray[np.float32]:
        """Send all photos, and return the predictor's probabilities, float32 `[n, classes]`.

        Args:
            conversation: With the predictor.
            path: The predict URL's path.

        Raises:
            NoAnswerError: A request was not answered according to the contract.
        """
        rows: list[list[float]] = []
        for body in self._encode():
            response = conversation.post(path, body).response
            try:
                rows += [one["probabilities"] for one in response.json()["predictions"]]
            except (ValueError, RecursionError, LookupError, TypeError) as error:
                raise NoAnswerError(
                    f"The predictor refused test photos: HTTP {response.status_code}: "
                    f"{response.text[:300]}."
                ) from error
        answers = np.array(rows, np.float32)
        if answers.shape != (len(self), self.classes):
            raise NoAnswerError(f"The answers to the test photos have the shape {answers.shape}.")
        return answers

    def _encode(self) -> Iterator[bytes]:
        """Yield the bodies of V1 requests.

        Windows bitmaps: the predictor decodes them to exactly these pixels, and nothing has to be
        compressed.
        """
        size = self.split.files.image_size
        photos = max(1, min(_REQUEST_PHOTOS, _REQUEST_BYTES // (3 * size * size)))
        for start in range(0, len(self), photos):
            pixels = self.split.take(self.places[start : start + photos])
            yield json.dumps({"instances": [{"b64": _to_bitmap(one)} for one in pixels]}).encode()


def _to_bitmap(pixels: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    return base64.b64encode(file.getvalue()).decode()
