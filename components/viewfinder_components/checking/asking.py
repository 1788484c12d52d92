"""Send drawn test photos to the predictor, as the model sees them."""

import base64
import io
import json
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viewfinder_components.checking.conversation import Conversation, NoAnswerError
from viewfinder_components.formats.drawn_photos import DrawnPhotos

_REQUEST_BYTES = 4_000_000  # of pixels; a third more in base64, far below the predictor's limit
_REQUEST_PHOTOS = 8


def ask_photos(photos: DrawnPhotos, conversation: Conversation, path: str) -> NDArray[np.float32]:
    """Send all photos, and return the predictor's probabilities, float32 `[n, classes]`.

    Args:
        photos: What to send.
        conversation: With the predictor.
        path: The predict URL's path.

    Raises:
        NoAnswerError: A request was not answered according to the contract.
    """
    rows: list[list[float]] = []
    for body in _encode(photos):
        response = conversation.post(path, body).response
        try:
            rows += [one["probabilities"] for one in response.json()["predictions"]]
        except (ValueError, RecursionError, LookupError, TypeError) as error:
            raise NoAnswerError(
                f"The predictor refused test photos: HTTP {response.status_code}: "
                f"{response.text[:300]}."
            ) from error
    answers = np.array(rows, np.float32)
    if answers.shape != (len(photos), len(photos.labels)):
        raise NoAnswerError(f"The answers to the test photos have the shape {answers.shape}.")
    return answers


def _encode(photos: DrawnPhotos) -> Iterator[bytes]:
    """Yield the bodies of V1 requests.

    Windows bitmaps: the predictor decodes them to exactly these pixels, and nothing has to be
    compressed.
    """
    size = photos.files.image_size
    count = max(1, min(_REQUEST_PHOTOS, _REQUEST_BYTES // (3 * size * size)))
    for start in range(0, len(photos), count):
        pixels = photos.pixels(start, start + count)
        yield json.dumps({"instances": [{"b64": _to_bitmap(one)} for one in pixels]}).encode()


def _to_bitmap(pixels: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "BMP")
    return base64.b64encode(file.getvalue()).decode()
