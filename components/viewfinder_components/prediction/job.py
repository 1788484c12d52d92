"""A job: the files that are classified, with one model, for one output."""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version

import pyarrow as pa

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.find import list_photos
from viewfinder_components.photos.folder import EMPTY_FOLDER
from viewfinder_components.prediction.models.answers import PhotoModel
from viewfinder_components.prediction.outputs.output import Output
from viewfinder_components.prediction.parts.listing import Listing, write_listing
from viewfinder_components.prediction.parts.table import read_fact
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.reports.formatting import plural
from viewfinder_components.spelling import spell

LISTING = "files.parquet"
"""The name of the list of files."""
_FORMAT = 1  # increase it when the same arguments give other columns


def list_files(data: str, output: Output) -> Listing:
    """List what is to be classified; predictions among the photos are not.

    Args:
        data: As for `photos.find.list_photos`.
        output: Where the predictions go; this process holds its workplace.

    Raises:
        PermanentError: There are no photos, or the list cannot be written.
        TransientError: A store does not answer.
    """
    found = (one._replace(data=None) for one in list_photos(data) if not output.is_own(one.uri))
    listing = write_listing(found, output.workplace, LISTING)
    if not listing.photos:
        raise PermanentError(
            f"photos in {data}",
            _name_entries(listing),
            f"check the path in {spell('data')}",
        )
    return listing


def identify(listing: Listing, model: PhotoModel) -> str:
    """Return the job: a digest of everything that the predictions depend on, 32 digits."""
    facts = [_FORMAT, _release(), listing.digest, model.identity, model.labels]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def is_finished(found: pa.Schema | None, job: str) -> bool:
    """Return whether an output has the predictions of a job.

    Args:
        found: As from `Output.read_schema`.
        job: What identifies the job.
    """
    return found is not None and read_fact(found, "job") == job


def report_finished(found: pa.Schema, output: Output) -> BatchPrediction:
    """Report the predictions that are there."""
    counts = json.loads(read_fact(found, "counts"))
    model_version = read_fact(found, "model_version")
    return BatchPrediction(output.uri, model_version, counts, 0.0, sum(counts.values()), 0.0)


def _name_entries(listing: Listing) -> str:
    """Say what was found that cannot be a photo."""
    entries = listing.read(range(listing.parts))
    if all(entry.flaw == EMPTY_FOLDER for entry in entries):
        return "none: the folder is empty" if listing.files else "none"
    return f"only {plural(listing.files, 'entry', 'entries')} that cannot be photos"


def _release() -> str:
    try:
        return version("viewfinder")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return ""
