"""Serve a published version on this machine, and send photos to a served model."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from viewfinder.arguments import checked, list_photos, read_endpoint
from viewfinder_client.answers import Prediction, Unanswered
from viewfinder_pipelines.local.explanation import Explanation
from viewfinder_pipelines.local.running_predictor import RunningPredictor, serving
from viewfinder_pipelines.settings.environment import Settings

__all__ = [
    "Explanation",
    "Prediction",
    "RunningPredictor",
    "Unanswered",
    "explain",
    "predict",
    "serve",
    "serve_until_interrupted",
]


@checked
def serve(
    model_version: str | Path, *, name: str | None = None, home: str | Path | None = None
) -> AbstractContextManager[RunningPredictor]:
    """Serve a published version on this machine, at a free port of the loopback interface.

    Use it with `with`: the predictor, a process of its own, ends with the block.

    Args:
        model_version: `MODEL` for the newest version of a model, `MODEL/NUMBER`, a path or a URI. A
            version in a bucket is downloaded, once.
        name: The model's name in the URLs; None for the published name.
        home: As for `run`.

    Returns:
        A context manager; it yields the predictor, which `predict` takes.

    Raises:
        UsageError: The predictor does not take the name.
        PermanentError: There is no such version, or the predictor does not start.
        TransientError: The store does not answer.
    """
    from viewfinder_pipelines.local.serving import find_served_name, find_version

    version = find_version(str(model_version), Settings.at(home))
    return serving(version, find_served_name(version, name))


@checked
def predict(
    photos: str | Path | Iterable[str | Path],
    endpoint: str | RunningPredictor,
    *,
    model: str | None = None,
) -> Iterator[Prediction | Unanswered]:
    """Classify photos with a served model, one request each.

    Args:
        photos: The files' paths, or URIs as in the tables' column `uri`; or one of them.
        endpoint: The predictor's URL, a model's URL, or what `serve` yields.
        model: The model's name, where the server has several.

    Returns:
        An iterator over the results, one for each photo, in order; a photo that is refused does not
        stop the rest. Each photo is sent when its result is requested, so only a malformed endpoint
        is refused before that.

    Raises:
        UsageError: The endpoint is not a URL, or names another model, or an environment variable
            names a proxy or certificates that cannot be used.
        PermanentError: The server does not know the model, denies access, or is not a predictor.
        TransientError: The server cannot be reached, or is busy or failing for longer than a few
            seconds.
    """
    from viewfinder_pipelines.local.prediction import predict_photos

    return predict_photos(list_photos(photos, str, Path), read_endpoint(endpoint), model)


@checked
def explain(
    photos: str | Path | Iterable[str | Path],
    endpoint: str | RunningPredictor,
    *,
    model: str | None = None,
) -> Iterator[Explanation | Unanswered]:
    """Classify photos as `predict` does, and show which parts of each photo support the prediction.

    Args:
        photos: As for `predict`.
        endpoint: As for `predict`.
        model: As for `predict`.

    Returns:
        An iterator over the results, one for each photo, as from `predict`.

    Raises:
        UsageError: As for `predict`.
        PermanentError: The server does not explain, or what `predict` raises.
        TransientError: As for `predict`.
    """
    from viewfinder_pipelines.local.explanation import explain_photos

    return explain_photos(list_photos(photos, str, Path), read_endpoint(endpoint), model)


@checked
def serve_until_interrupted(
    model_version: str, host: str, port: int, name: str | None, options: Sequence[str]
) -> int:
    """Serve a version as `viewfinder serve` does, and return the predictor's exit code.

    Args:
        model_version: As for `serve`.
        host: The address to listen at.
        port: The port; 0 for a free one.
        name: As for `serve`.
        options: Further options of the predictor.

    Raises:
        UsageError: An option is one that has a parameter here, or the predictor does not take the
            name.
        PermanentError: There is no such version.
        TransientError: The store does not answer.
    """
    from viewfinder_pipelines.local.serving import serve_version

    return serve_version(model_version, host, port, name, options)
