"""What counting photos for drift costs: the same requests without it and with it, in turn."""

import time
from operator import sub
from pathlib import Path
from statistics import median

from tests.benchmarks.reading import make_photo

from viewfinder.cli.demo import MODEL_NAME
from viewfinder_components.formats.precision import PRECISIONS, list_missing
from viewfinder_components.inference import has_bfloat16
from viewfinder_components.photos.room import DecodingRoom
from viewfinder_pipelines.local.serving import find_version
from viewfinder_serving.classifier import Classifier, Outputs
from viewfinder_serving.drift.allowance import Allowance
from viewfinder_serving.drift.counting import PHOTOS_PER_SECOND
from viewfinder_serving.servable import Servable

PHOTOS = 20
ROUNDS = 24  # fewer photos than are counted at once


def run() -> None:
    """Print the CPU time of a photo in each precision, and what drift adds to it."""
    version = find_version(MODEL_NAME)
    photos = [make_photo(number) for number in range(PHOTOS)]
    for precision in PRECISIONS:
        if list_missing(version, precision) or (precision == "bf16" and not has_bfloat16()):
            continue
        plain, counting, idle = (
            open_version(version, precision, drift) for drift in (False, True, True)
        )
        idle._drift._allowance = Allowance(0.0, 0.0)
        spent: dict[Classifier, list[float]] = {plain: [], counting: [], idle: []}
        for number in range(ROUNDS):
            # Whoever is first has the colder caches, so they change places.
            order = list(spent)
            for one in order[number % 3 :] + order[: number % 3]:
                spent[one].append(measure(one, photos))
        alone = median(spent[plain])
        counted, left_out = (median(map(sub, spent[one], spent[plain])) for one in (counting, idle))
        print(
            f"{precision}: {alone:.2f} ms; {counted:.2f} ms more if it is counted, {left_out:.2f} "
            f"if not; {PHOTOS_PER_SECOND:g} a second take {PHOTOS_PER_SECOND * counted / 1e3:.1%} "
            "of a core"
        )


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
