"""Classify the photos that a source names, and write the predictions as one Parquet file."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path

import pyarrow as pa

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.find import list_photos
from viewfinder_components.photos.folder import EMPTY_FOLDER
from viewfinder_components.photos.read_ahead import read_ahead
from viewfinder_components.prediction.answers import PhotoModel
from viewfinder_components.prediction.listing import Listing, write_listing
from viewfinder_components.prediction.output import Output, writing_to
from viewfinder_components.prediction.result import OK, BatchPrediction
from viewfinder_components.prediction.table import read_fact
from viewfinder_components.prediction.taken_output import taken
from viewfinder_components.prediction.workplace import Parts, held_workplace
from viewfinder_components.progress import Progress
from viewfinder_components.reports.formatting import plural
from viewfinder_components.spelling import spell

_FORMAT = 1  # increase it when the same arguments give other columns


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
    with writing_to(output), held_workplace(output.workplace, output.uri) as workplace:
        listing = _list_files(data, output, workplace)
        job = _identify(listing, model)
        found = output.read_schema()
        if found is not None and (not overwrite or read_fact(found, "job") == job):
            result = _finished(found, job, output)
            shutil.rmtree(workplace, ignore_errors=True)  # left by a run that was killed at the end
            return result
        parts = _open_parts(workplace / job, listing, model)
        result = _classify(parts, model, output, tell)
        facts = {"model_version": model.version, "job": job, "counts": result.counts}
        parts.assemble(workplace / "all.parquet", facts)
        output.put(workplace / "all.parquet", overwrite)
        shutil.rmtree(workplace, ignore_errors=True)
    return result


def _list_files(data: str, output: Output, workplace: Path) -> Listing:
    """List what is to be classified; predictions among the photos are not."""
    found = (one._replace(data=None) for one in list_photos(data) if not output.is_own(one.uri))
    listing = write_listing(found, workplace / "files.parquet")
    if not listing.photos:
        raise PermanentError(
            f"photos in {data}",
            _name_entries(listing),
            f"check the path in {spell('data')}",
        )
    return listing


def _name_entries(listing: Listing) -> str:
    """Say what was found that cannot be a photo."""
    entries = listing.read(range(listing.parts))
    if all(entry.flaw == EMPTY_FOLDER for entry in entries):
        return "none: the folder is empty" if listing.files else "none"
    return f"only {plural(listing.files, 'entry', 'entries')} that cannot be photos"


def _identify(listing: Listing, model: PhotoModel) -> str:
    """Return a digest of everything that the predictions depend on."""
    facts = [_FORMAT, _release(), listing.digest, model.identity, model.labels]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _release() -> str:
    try:
        return version("viewfinder")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return ""


def _finished(found: pa.Schema, job: str, output: Output) -> BatchPrediction:
    """Report the predictions that are there, if they are those of this job."""
    if read_fact(found, "job") != job:
        raise taken(output.uri)
    counts = json.loads(read_fact(found, "counts"))
    model_version = read_fact(found, "model_version")
    return BatchPrediction(output.uri, model_version, counts, 0.0, sum(counts.values()), 0.0)


def _open_parts(folder: Path, listing: Listing, model: PhotoModel) -> Parts:
    folder.mkdir(exist_ok=True)
    path = folder / listing.path.name
    os.replace(listing.path, path)  # the same list, if an earlier run was interrupted
    return Parts(folder, replace(listing, path=path), model.labels)


def _classify(
    parts: Parts, model: PhotoModel, output: Output, tell: Callable[[str], None] | None
) -> BatchPrediction:
    missing = parts.missing()
    files = sum(map(parts.listing.size_of, missing))
    before = parts.listing.files - files
    started, photos = time.monotonic(), 0
    progress = Progress("predict: files", parts.listing.files, done=before, tell=tell)
    with closing(model.classify(read_ahead(parts.listing.read(missing)))) as answers:
        for part in missing:
            some = []
            for answer in islice(answers, parts.listing.size_of(part)):
                some.append(answer)
                progress.advance()
            photos += sum(answer.status == OK for answer in some)
            model.confirm()
            parts.write(part, some)
    progress.finish()
    seconds = time.monotonic() - started
    rate = photos / max(seconds, 1e-9)
    return BatchPrediction(output.uri, model.version, parts.count(), seconds, before, rate)
