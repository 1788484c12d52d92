"""Classify many photos, and keep what the model says as a table."""

from collections.abc import Callable
from pathlib import Path

from viewfinder.arguments import checked, read_endpoint
from viewfinder_components.errors import UsageError
from viewfinder_components.photos.find import check_source
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.spelling import spell
from viewfinder_pipelines.local.running_predictor import RunningPredictor
from viewfinder_pipelines.settings.environment import Settings

__all__ = ["BatchPrediction", "predict_batch"]


@checked
def predict_batch(
    data: str | Path,
    output: str | Path,
    *,
    model_version: str | Path | None = None,
    endpoint: str | RunningPredictor | None = None,
    model: str | None = None,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
    home: str | Path | None = None,
) -> BatchPrediction:
    """Classify all photos of a source, and write a Parquet file with a row for each file.

    Give either `model_version`, which classifies in this process on all cores, or `endpoint`. A run
    that was interrupted continues when it is called again with the same arguments.

    Args:
        data: A folder, which is searched recursively, a bucket's URI, or a table (CSV, TSV or
            parquet) with a column `uri`. Photos need no labels.
        output: The file to write, ending in `.parquet`: a path in a folder that exists, or a URI in
            a bucket.
        model_version: What classifies: `MODEL` for the newest version of a model, `MODEL/NUMBER`, a
            path or a URI, as for `serve`.
        endpoint: A served model that classifies: its URL, or what `serve` yields.
        model: The model's name at the endpoint, where the server has several.
        overwrite: Whether another file at the output may be replaced.
        progress: Called with a line about the progress now and then; None for showing it on
            standard error.
        home: As for `run`.

    Returns:
        Where the predictions are, the counts and the rate. Files that could not be classified are
        rows with a reason.

    Raises:
        UsageError: Not exactly one of `model_version` and `endpoint` is given, or the output is
            malformed.
        PermanentError: There are no photos or no such version, the output cannot be written, or
            another file is there.
        TransientError: A store or the server does not answer; what was done is kept.
    """
    settings = Settings.at(home)
    url = None if endpoint is None else read_endpoint(endpoint)
    named = None if model_version is None else str(model_version)
    _need_one(named, url, model)
    check_source(str(data))

    from rich.console import Console

    from viewfinder.live_line import LiveLine
    from viewfinder_components.prediction.outputs.output import open_output
    from viewfinder_pipelines.local.batch_prediction import PredictionRequest, predict_here

    place = open_output(str(output), settings.predictions)
    request = PredictionRequest(str(data), place, named, url, model)
    line = LiveLine(Console(stderr=True))
    try:
        return predict_here(request, settings, overwrite=overwrite, tell=progress or line.show)
    finally:
        line.close()


def _need_one(model_version: str | None, endpoint: str | None, model: str | None) -> None:
    choices = f"{spell('model_version')} or {spell('endpoint')}"
    if (model_version is None) == (endpoint is None):
        raise UsageError(
            f"either {choices}",
            "neither" if endpoint is None else "both",
            f"name a published version with {spell('model_version', 'MODEL')}, or the URL of a "
            f"served model with {spell('endpoint', 'URL')}",
        )
    if model is not None and endpoint is None:
        raise UsageError(
            f"{spell('model')} only with {spell('endpoint')}, whose server may have several models",
            f"also {spell('model_version')}",
            f"leave {spell('model')} out",
        )
