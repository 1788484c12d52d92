"""Classify the files of a job, or of one shard of it, part by part."""

import time
from collections.abc import Callable
from contextlib import closing
from itertools import islice

from viewfinder_components.photos.read_ahead import read_ahead
from viewfinder_components.prediction.models.answers import Answer, PhotoModel
from viewfinder_components.prediction.parts.parts import Parts
from viewfinder_components.prediction.result import OK, BatchPrediction
from viewfinder_components.progress import Progress


def classify_parts(
    parts: Parts,
    model: PhotoModel,
    place: str,
    *,
    step: str = "predict",
    tell: Callable[[str], None] | None = None,
) -> BatchPrediction:
    """Make the parts that are not there.

    Args:
        parts: The parts.
        model: What classifies the photos.
        place: Where the predictions are in the end, for the result.
        step: The step that tells its progress.
        tell: Takes a line about the progress now and then; None for the log.

    Raises:
        PermanentError: A part cannot be written, or another version is served meanwhile.
        TransientError: A store or a server does not answer. Finished parts are kept.
    """
    missing = parts.find_missing()
    total, files = (sum(map(parts.listing.size_of, some)) for some in (parts.numbers, missing))
    started, photos = time.monotonic(), 0
    progress = Progress(f"{step}: files", total, done=total - files, tell=tell)
    with closing(model.classify(read_ahead(parts.listing.read(missing)))) as answers:
        for part in missing:
            some: list[Answer] = []
            for answer in islice(answers, parts.listing.size_of(part)):
                some.append(answer)
                progress.advance()
            photos += sum(answer.status == OK for answer in some)
            model.confirm()
            parts.write(part, some)
    progress.finish()
    seconds = time.monotonic() - started
    rate = photos / max(seconds, 1e-9)
    return BatchPrediction(place, model.version, parts.count(), seconds, total - files, rate)
