"""Classify the photos that a source names, and write the predictions as one Parquet file."""

import logging
from collections.abc import Callable
from pathlib import Path

from viewfinder_components.errors import ViewfinderError
from viewfinder_components.prediction.classify import classify_parts
from viewfinder_components.prediction.job import (
    identify,
    is_finished,
    list_files,
    report_finished,
)
from viewfinder_components.prediction.models.answers import PhotoModel
from viewfinder_components.prediction.outputs.output import Output
from viewfinder_components.prediction.outputs.taken_output import taken
from viewfinder_components.prediction.parts.listing import Listing
from viewfinder_components.prediction.parts.parts import Parts
from viewfinder_components.prediction.result import BatchPrediction

_log = logging.getLogger(__name__)


def predict_files(
    data: str,
    output: Output,
    model: PhotoModel,
    *,
    overwrite: bool = False,
    tell: Callable[[str], None] | None = None,
) -> BatchPrediction:
    """Classify photos, and write a row for each file that was found.

    What an earlier run with the same arguments finished is not repeated. If it finished everything,
    its predictions stay as they are.

    Args:
        data: As for `photos.find.list_photos`.
        output: Where the predictions go.
        model: What classifies the photos.
        overwrite: Whether predictions of other arguments, or another file, may be replaced.
        tell: Takes a line about the progress now and then; None for the log.

    Raises:
        PermanentError: There are no photos, the output cannot be written, or something else is
            there.
        TransientError: A store or a server does not answer, or another process writes the output.
            Finished parts are kept.
    """
    output.check()
    with output.workplace.hold() as workplace:
        listing = list_files(data, output)
        return predict_listed(listing, output, model, workplace, overwrite=overwrite, tell=tell)


def predict_listed(
    listing: Listing,
    output: Output,
    model: PhotoModel,
    workplace: Path,
    *,
    overwrite: bool = False,
    tell: Callable[[str], None] | None = None,
) -> BatchPrediction:
    """Classify what no earlier run or shard has classified, and put everything together.

    Args:
        listing: The files.
        output: As for `predict_files`.
        model: As for `predict_files`.
        workplace: The output's, which this process holds.
        overwrite: As for `predict_files`.
        tell: As for `predict_files`.

    Raises:
        PermanentError: As for `predict_files`.
        TransientError: As for `predict_files`.
    """
    job = identify(listing, model)
    found = output.read_schema()
    if found is not None and is_finished(found, job):
        remove_unfinished(output)  # left by a run that was killed at the end
        return report_finished(found, output)
    if found is not None and not overwrite:
        raise taken(output.uri, found)
    parts = Parts(output.parts_of(job), listing, model.labels, range(listing.parts))
    result = classify_parts(parts, model, output.uri, tell=tell)
    facts = {"model_version": model.version, "job": job, "counts": result.counts}
    try:
        with output.workplace.writing():
            parts.assemble(workplace / "all.parquet", facts)
            output.put(workplace / "all.parquet", overwrite)
    except ViewfinderError:
        found = output.read_schema()
        if found is None or not is_finished(found, job):
            raise
        # Another machine has written the same predictions meanwhile.
    remove_unfinished(output)
    return result


def remove_unfinished(output: Output) -> None:
    """Remove what is left of the work on predictions that are complete.

    They are complete whether or not that succeeds, so it is no error if it does not.

    Args:
        output: Where the predictions are; this process holds its workplace.
    """
    try:
        output.clear()
    except ViewfinderError as error:
        _log.warning("%s is complete, but its parts could not be removed: %s", output.uri, error)
