"""Classify many photos on this machine, or from it with a served model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.prediction.models.answers import PhotoModel
from viewfinder_components.prediction.outputs.output import Output
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_pipelines.local.serving import find_version
from viewfinder_pipelines.settings.environment import Settings


@dataclass(frozen=True)
class PredictionRequest:
    """What to classify, and with what.

    Attributes:
        data: Where the photos are.
        output: Where the predictions go.
        model_version: As for `serving.find_version`; None if a served model classifies.
        endpoint: The served model's URL; None if a version classifies.
        model: The served model's name, where the server has several.
    """

    data: str
    output: Output
    model_version: str | None
    endpoint: str | None
    model: str | None = None


def predict_here(
    request: PredictionRequest,
    settings: Settings,
    *,
    overwrite: bool = False,
    tell: Callable[[str], None] | None = None,
) -> BatchPrediction:
    """Classify the photos; see `prediction.predict.predict_files`.

    Args:
        request: What to classify; one of version and endpoint is given.
        settings: Where the model root and the cache are.
        overwrite: Whether another file at the output may be replaced.
        tell: Takes a line about the progress now and then.

    Raises:
        PermanentError: As for `predict_files`, or there is no such version or server.
        TransientError: As for `predict_files`.
    """
    request.output.check()  # before a version is downloaded
    version = _find_version(request, settings)

    from viewfinder_components.prediction.predict import predict_files

    with _opened(request, version) as model:
        return predict_files(request.data, request.output, model, overwrite=overwrite, tell=tell)


def _find_version(request: PredictionRequest, settings: Settings) -> Path | None:
    """Return the version's folder, before what opens it is imported; None for a served model."""
    if request.model_version is None:
        return None
    return find_version(request.model_version, settings)


@contextmanager
def _opened(request: PredictionRequest, version: Path | None) -> Iterator[PhotoModel]:
    if version is not None:
        from viewfinder_components.prediction.models.local_model import LocalModel

        yield LocalModel.open(version)
    else:
        from viewfinder_pipelines.local.served_model import open_served_model

        with open_served_model(str(request.endpoint), request.model) as served:
            yield served
