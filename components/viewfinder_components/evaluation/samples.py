"""Keep some original test photos, for export's warm-up and for the check of the server."""

import io
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, zip_longest

from PIL import Image

from viewfinder_components.evaluation.originals import read_original
from viewfinder_components.evaluation.scoring import Predictions
from viewfinder_components.formats.samples import Sample
from viewfinder_components.formats.shards import Split

_SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PN": ".png", b"GIF": ".gif", b"RIF": ".webp"}


def choose_samples(predictions: Predictions, limit: int) -> list[int]:
    """Choose photos of as many kinds as possible: one of each class in turn, right and wrong.

    Within a kind they are taken in the order of the split, which is already shuffled.

    Args:
        predictions: The test photos.
        limit: Maximum number of photos.

    Returns:
        Positions in the split, ascending.
    """
    kinds: dict[tuple[int, bool], list[int]] = defaultdict(list)
    for place, kind in enumerate(
        zip(predictions.truth.tolist(), predictions.correct.tolist(), strict=True)
    ):
        kinds[kind].append(place)
    in_turn = chain.from_iterable(zip_longest(*(kinds[kind] for kind in sorted(kinds))))
    return sorted([place for place in in_turn if place is not None][:limit])


def read_chosen(split: Split, predictions: Predictions, limit: int) -> Iterator[Sample]:
    """Yield the chosen photos.

    A photo whose file is gone or has changed is kept as a PNG of the pixels the model saw, which
    decodes to exactly these pixels.

    Args:
        split: The test split.
        predictions: The test photos.
        limit: Maximum number of photos.
    """
    for place in choose_samples(predictions, limit):
        photo = split.photos.slice(place, 1).to_pylist()[0]
        content = read_original(photo["uri"], photo["sha256"]) or _png(split, place)
        yield Sample(
            photo["uri"],
            content,
            photo["label"],
            tuple(predictions.probabilities[place].tolist()),
            _SUFFIXES.get(content[:3], ""),
        )


def _png(split: Split, place: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(split.pixels(place, place + 1)[0]).save(file, "PNG")
    return file.getvalue()
