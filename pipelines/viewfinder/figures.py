"""What a run found, as matplotlib figures: a notebook shows one that ends a cell."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viewfinder.arguments import Positive, checked, list_photos
from viewfinder.kubeflow import KubeflowPipelines
from viewfinder.tables import find_reader, read_history, read_predictions
from viewfinder_client.answers import Unanswered
from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_pipelines.local.explanation import Explanation
from viewfinder_pipelines.runs.record import RunResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "plot_calibration",
    "plot_confusion_matrix",
    "plot_explanations",
    "plot_history",
    "plot_mistakes",
    "plot_photos",
    "plot_roc",
]


@checked
def plot_history(
    result: RunResult, *, step: str = "train", kubeflow: KubeflowPipelines | None = None
) -> "Figure":
    """Draw loss and accuracy by epoch, for training and validation.

    Args:
        result: The run's record.
        step: As for `read_history`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The train step has not finished, or its record cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results.figures import draw_history

    return draw_history(read_history(result, step=step, kubeflow=kubeflow))


@checked
def plot_confusion_matrix(
    result: RunResult, *, step: str = "evaluate", kubeflow: KubeflowPipelines | None = None
) -> "Figure":
    """Draw how often each true class was predicted as each class, on the test photos.

    Args:
        result: The run's record.
        step: As for `read_predictions`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The evaluate step has not finished, or its record cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import figures, tables

    metrics = tables.read_metrics(result, find_reader(result, kubeflow), step)
    with tables.understanding_metrics(result, step):
        return figures.draw_confusion_matrix(metrics)


@checked
def plot_roc(
    result: RunResult, *, step: str = "evaluate", kubeflow: KubeflowPipelines | None = None
) -> "Figure":
    """Draw the ROC curve of each class against the rest, on the test photos.

    Args:
        result: The run's record.
        step: As for `read_predictions`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The evaluate step has not finished, or its record cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import figures, tables

    read = find_reader(result, kubeflow)
    classes, overall = tables.read_curves(result, read, step)
    labels = tables.read_metrics(result, read, step)["labels"]
    with tables.understanding_metrics(result, step):
        return figures.draw_roc(labels, classes, overall)


@checked
def plot_calibration(
    result: RunResult, *, step: str = "evaluate", kubeflow: KubeflowPipelines | None = None
) -> "Figure":
    """Draw how often the model is right, by its confidence, on the test photos.

    Args:
        result: The run's record.
        step: As for `read_predictions`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The evaluate step has not finished, or its record cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import figures, tables

    metrics = tables.read_metrics(result, find_reader(result, kubeflow), step)
    with tables.understanding_metrics(result, step):
        return figures.draw_calibration(metrics)


@checked
def plot_photos(
    photos: str | Path | bytes | Iterable[str | Path | bytes],
    captions: Sequence[str] = (),
    *,
    columns: Positive = 6,
) -> "Figure":
    """Draw photos side by side; one that cannot be read leaves its place empty.

    If there are no photos, as when nothing was found, the figure says so.

    Args:
        photos: Paths, URIs as in the tables' column `uri`, or files' contents; or one of them.
        captions: A string for each photo, of which up to six lines are shown; none by default.
        columns: How many photos stand side by side, at least 1.

    Raises:
        UsageError: There are more than 300 photos, not as many captions as photos, or `columns` is
            below 1.
    """
    from viewfinder_pipelines.results.photos import draw_photos, draw_sentence

    chosen = list_photos(photos, str, Path, bytes)
    texts = list(captions)
    if texts and len(texts) != len(chosen):
        from viewfinder_components.reports.formatting import plural

        counts = f"{plural(len(texts), 'caption')} for {plural(len(chosen), 'photo')}"
        raise UsageError("a caption for each photo", counts, "pass as many as photos, or none")
    if not chosen:
        return draw_sentence("No photos")
    return draw_photos(chosen, texts, columns)


@checked
def plot_explanations(
    explanations: Explanation | Unanswered | Iterable[Explanation | Unanswered],
    *,
    columns: Positive = 6,
) -> "Figure":
    """Draw photos, bright where they support the predicted class.

    If there are no explanations, the figure says so.

    Args:
        explanations: What `explain` returns, or one of them; a photo without an answer leaves its
            place empty, with the reason.
        columns: How many photos stand side by side, at least 1.

    Raises:
        UsageError: There are more than 300, something else is among them, or `columns` is below 1.
    """
    from viewfinder_pipelines.results.photos import draw_explanations, draw_sentence

    if isinstance(explanations, Explanation | Unanswered):
        explanations = [explanations]
    answers = list(explanations)
    for one in answers:
        if not isinstance(one, Explanation | Unanswered):
            raise ParameterError("explanations", "what `explain` returns", one)
    if not answers:
        return draw_sentence("No explanations")
    return draw_explanations(answers, columns)


@checked
def plot_mistakes(
    result: RunResult,
    *,
    count: Positive = 12,
    step: str = "evaluate",
    kubeflow: KubeflowPipelines | None = None,
) -> "Figure":
    """Draw the test photos that the model got wrong with the highest confidence.

    A photo that is gone, or whose file has changed since the run, leaves its place empty. If the
    model made no mistakes, the figure says so.

    Args:
        result: The run's record.
        count: The most photos to draw, at least 1.
        step: As for `read_predictions`.
        kubeflow: As for `read_photos`.

    Raises:
        UsageError: `count` is below 1, or more than 300 photos would be drawn.
        PermanentError: The evaluate step has not finished, or its table cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_components.reports.formatting import plural
    from viewfinder_pipelines.results.photos import draw_mistakes, draw_sentence
    from viewfinder_pipelines.results.tables import find_mistakes, read_digests

    predictions = read_predictions(result, step=step, kubeflow=kubeflow)
    mistakes = find_mistakes(predictions, count)
    if not mistakes:
        return draw_sentence(f"No mistakes on {plural(len(predictions), 'test photo')}")
    return draw_mistakes(mistakes, read_digests(result, find_reader(result, kubeflow)))
