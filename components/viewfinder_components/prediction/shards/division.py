"""Work that is divided into shards: what they must agree on, whatever happens meanwhile.

Every shard has the same list of files and the same version: photos that are added later, and
versions that are published later, belong to the next run. Both are kept with the job's parts.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from viewfinder_components.errors import PermanentError
from viewfinder_components.prediction.job import LISTING, identify, is_finished, list_files
from viewfinder_components.prediction.models.answers import PhotoModel
from viewfinder_components.prediction.outputs.output import Output
from viewfinder_components.prediction.outputs.taken_output import taken
from viewfinder_components.prediction.parts.listing import Listing
from viewfinder_components.prediction.parts.parts import PartStore
from viewfinder_components.prediction.shards.shard import list_shards
from viewfinder_components.whole_files import write_json

_FACTS = "division.json"


@dataclass(frozen=True)
class Division:
    """How the work was divided.

    Attributes:
        job: What identifies it; empty if it was not divided.
        shards: The shards' names; none if it was not divided.
        files: Number of files; 0 if they were not counted.
        is_finished: Whether the predictions are there already.
    """

    job: str = ""
    shards: tuple[str, ...] = ()
    files: int = 0
    is_finished: bool = False

    @property
    def summary(self) -> str:
        """What becomes of the work, in a sentence."""
        if self.is_finished:
            return "not divided: the predictions are there already"
        if not self.shards:
            return "not divided: predict does all the work"
        return f"{self.files:,} files in {len(self.shards)} shards"

    @property
    def metrics(self) -> dict[str, float]:
        """The number of shards, and that of the files if they were counted."""
        counted = {"files": self.files} if self.files else {}
        return {"shards": len(self.shards) or 1, **counted}


@dataclass(frozen=True)
class Divided:
    """What all shards use.

    Attributes:
        listing: The files.
        number: The version's number.
    """

    listing: Listing
    number: int


@dataclass(frozen=True)
class _Facts:
    files: int
    photos: int
    digest: str
    number: int


def divide_files(
    data: str, output: Output, model: PhotoModel, number: int, shards: int, *, overwrite: bool
) -> Division:
    """List the files, and keep what all shards use.

    Args:
        data: As for `photos.find.list_photos`.
        output: Where the predictions go.
        model: What will classify the photos.
        number: The version's number.
        shards: How many shards there may be; there are fewer if that leaves some without a part.
        overwrite: Whether predictions of other arguments, or another file, may be replaced.

    Raises:
        PermanentError: As for `predict.predict_files`.
        TransientError: As for `predict.predict_files`.
    """
    output.check()
    with output.workplace.hold() as workplace:
        listing = list_files(data, output)
        job = identify(listing, model)
        found = output.read_schema()
        if found is not None and not is_finished(found, job) and not overwrite:
            raise taken(output.uri, found)
        names = list_shards(min(shards, listing.parts))
        if not names or is_finished(found, job):
            return Division(files=listing.files, is_finished=is_finished(found, job))
        with output.workplace.writing():
            _keep(output.parts_of(job), listing, number, workplace)
    return Division(job, tuple(names), listing.files)


def fetch_divided(store: PartStore, workplace: Path) -> Divided:
    """Return what all shards use.

    Args:
        store: Where the job's parts are kept.
        workplace: A folder on this machine.

    Raises:
        PermanentError: It is not there, or damaged.
        TransientError: The store does not answer.
    """
    facts, listing = store.fetch(_FACTS, workplace), store.fetch(LISTING, workplace)
    try:
        if facts is None or listing is None:
            raise ValueError("nothing there")
        read = TypeAdapter(_Facts).validate_json(facts.read_bytes())
    except (ValueError, ValidationError) as error:
        raise PermanentError(
            f"the list of files that divide has left in {store.uri}",
            "a damaged one" if isinstance(error, ValidationError) else "nothing there",
            "start a new run: other predictions have been written to this output meanwhile, or "
            "the folder was deleted",
        ) from error
    return Divided(Listing(listing, read.files, read.photos, read.digest), read.number)


def need_same_job(job: str, listing: Listing, model: PhotoModel) -> None:
    """Refuse to work on a job with another model, or another release.

    Raises:
        PermanentError: It is another one.
    """
    if identify(listing, model) != job:
        raise PermanentError(
            "the model and the release of Viewfinder with which the work was divided",
            f"another one ({model.version})",
            "start a new run, with one image for all steps",
        )


def _keep(store: PartStore, listing: Listing, number: int, workplace: Path) -> None:
    """Keep the list and, when it is there, the facts."""
    facts = _Facts(listing.files, listing.photos, listing.digest, number)
    store.keep(listing.path)
    write_json(workplace / _FACTS, asdict(facts))
    store.keep(workplace / _FACTS)
