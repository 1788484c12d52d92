"""What counting photos for drift costs: the same requests with and without it, in turn.

At first every photo is counted; under lasting load, a sample.
"""

import time
from pathlib import Path
from statistics import median

from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_components.formats.precision import PRECISIONS, list_missing
from viewfinder_components.inference import has_bfloat16
from viewfinder_components.photos.room import DecodingRoom
from viewfinder_pipelines.local.serving import find_version
from viewfinder_serving.classifier import Classifier, Outputs
from viewfinder_serving.servable import Servable

PHOTOS = 20
ROUNDS = 24
COUNTED = 1_000  # photos that may be counted at once


def run() -> None:
    """Print the CPU time of a photo in each precision, and the shares that drift adds to it."""
    version = find_version(MODEL_NAME)
    photos = [make_photo(number) for number in range(PHOTOS)]
    for precision in PRECISIONS:
        if list_missing(version, precision) or (precision == "bf16" and not has_bfloat16()):
            continue
        plain, drift = (open_version(version, precision, one) for one in (False, True))
        spent, every = compare(plain, drift, photos)
        for _ in range(COUNTED // PHOTOS):
            measure(drift, photos)
        _, sample = compare(plain, drift, photos)
        print(f"{precision}: {spent:.1f} ms; counting each adds {every:.1%}, a sample {sample:.1%}")


def compare(plain: Classifier, drift: Classifier, photos: list[bytes]) -> tuple[float, float]:
    """Return the milliseconds of a photo without drift, and the share that drift adds."""
    pairs = []
    for number in range(ROUNDS):
        # Whoever is first has the colder caches, so they change places.
        both = [(plain, drift), (drift, plain)][number % 2]
        spent = {one: measure(one, photos) for one in both}
        pairs.append((spent[plain], spent[drift]))
    added = median((new - old) / old for old, new in pairs)
    return median(old for old, _ in pairs), added


def open_version(version: Path, precision: str, drift: bool) -> Classifier:
    """Return a classifier that computes on one core."""
    servable = Servable.load(version, 1, explains=True, precision=precision, drift=drift)
    if drift and servable.baseline is None:
        raise SystemExit(f"{version} has no drift reference: run `make demo` again")
    return Classifier(servable, 120_000_000, DecodingRoom(300_000_000))


def measure(classifier: Classifier, photos: list[bytes]) -> float:
    """Return the milliseconds of CPU time that a photo takes."""

    def word(found: Outputs) -> int:
        return len(found.rows)

    started = time.process_time()
    for photo in photos:
        batch = classifier.prepare([photo], float("inf"), word)
        classifier.advance(batch, lambda: True)
    return 1e3 * (time.process_time() - started) / len(photos)
