"""The steps of batch prediction: what they do with a published version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from viewfinder_components.prediction.classify import classify_parts
from viewfinder_components.prediction.config import ClassifyConfig, DivideConfig, PredictConfig
from viewfinder_components.prediction.job import is_finished, report_finished
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import Output, open_output
from viewfinder_components.prediction.parts.listing import Listing
from viewfinder_components.prediction.parts.parts import Parts, PartStore
from viewfinder_components.prediction.predict import (
    predict_files,
    predict_listed,
    remove_unfinished,
)
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.prediction.shards.division import (
    Division,
    divide_files,
    fetch_divided,
    need_same_job,
)
from viewfinder_components.prediction.shards.shard import Shard
from viewfinder_components.storage.models import find_version
from viewfinder_components.storage.store import open_store


def divide_for_shards(config: DivideConfig) -> Division:
    """List the photos and choose the version for all shards; do nothing if there is only one.

    Args:
        config: What to classify, with which version, and how many shards there may be.

    Raises:
        PermanentError: There is no such version, or what `division.divide_files` raises.
        TransientError: A store does not answer.
    """
    if config.shards == 1:
        return Division()
    with _opened(config.output) as (output, folder):
        output.check()  # before the version is downloaded
        model, number = _open_model(config, config.version, folder)
        overwrite = config.overwrite
        return divide_files(config.data, output, model, number, config.shards, overwrite=overwrite)


def classify_shard(config: ClassifyConfig) -> BatchPrediction:
    """Classify the photos of one shard; what is finished of it is not repeated.

    Args:
        config: The shard, and the job that was divided.

    Returns:
        The counts of the shard alone.

    Raises:
        PermanentError: The job is not there, or a part cannot be written.
        TransientError: A store does not answer. Finished parts are kept.
    """
    shard = Shard.parse(config.shard)
    with shard.named_in_errors(), _opened(config.output) as (output, folder):
        store = output.parts_of(config.job)
        listing, model = _open_divided(config, store, folder)
        parts = Parts(store, listing, model.labels, shard.choose(listing.parts))
        return classify_parts(parts, model, store.uri, step="classify")


def predict_with_version(config: PredictConfig) -> BatchPrediction:
    """Find a version, and classify photos with it, or put together what shards have classified.

    A step that is started again continues after its last finished part.

    Args:
        config: What to classify, with which version, and where the predictions go.

    Raises:
        PermanentError: There is no such version, or what `predict.predict_files` raises.
        TransientError: A store does not answer.
    """
    with _opened(config.output) as (output, folder):
        output.check()  # before the version is downloaded
        if config.job:
            return _complete(config, output, folder)
        model, _ = _open_model(config, config.version, folder)
        return predict_files(config.data, output, model, overwrite=config.overwrite)


def _complete(config: PredictConfig, output: Output, folder: Path) -> BatchPrediction:
    with output.workplace.hold() as workplace:
        found = output.read_schema()
        if found is not None and is_finished(found, config.job):  # this pod replaces another
            remove_unfinished(output)
            return report_finished(found, output)
        listing, model = _open_divided(config, output.parts_of(config.job), folder)
        return predict_listed(listing, output, model, workplace, overwrite=config.overwrite)


def _open_divided(
    config: ClassifyConfig | PredictConfig, store: PartStore, folder: Path
) -> tuple[Listing, LocalModel]:
    """Return the files and the version that all shards use."""
    divided = fetch_divided(store, folder)
    model, _ = _open_model(config, divided.number, folder)
    need_same_job(config.job, divided.listing, model)
    return divided.listing, model


@contextmanager
def _opened(output: str) -> Iterator[tuple[Output, Path]]:
    """Open an output; the folder is for temporary files."""
    with TemporaryDirectory() as temporary:
        yield open_output(output, Path(temporary) / "work"), Path(temporary)


def _open_model(
    config: DivideConfig | ClassifyConfig | PredictConfig, number: int, folder: Path
) -> tuple[LocalModel, int]:
    store = open_store(config.model_root)
    version = find_version(store, config.model_name, number, config.model_root)
    return LocalModel.open(store.fetch(version, folder / "versions")), version.number
