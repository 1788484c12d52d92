"""What a run found, as Arrow tables; `.to_pandas()` makes a DataFrame of each."""

from pathlib import Path
from typing import TYPE_CHECKING

from viewfinder.arguments import checked
from viewfinder.kubeflow import KubeflowPipelines
from viewfinder_pipelines.runs.file_lists import find_photo_list
from viewfinder_pipelines.runs.record import RunResult
from viewfinder_pipelines.settings.environment import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from viewfinder_pipelines.results.artifacts import Read

__all__ = ["find_reader", "read_history", "read_label_issues", "read_photos", "read_predictions"]


@checked
def read_photos(
    result: RunResult,
    *,
    kubeflow: KubeflowPipelines | None = None,
    home: str | Path | None = None,
) -> "pa.Table":
    """Return a row for each file that the validate step found.

    The columns are `uri`, `sha256`, `perceptual_hash`, `label`, `split` (train, val or test),
    `width` and `height` in pixels, `status` (used, duplicate, conflict, leak, unreadable or
    ignored) and `reason`, a sentence on why a file is not used.

    Args:
        result: The run's record. The table is there even where validate refused the photos.
        kubeflow: Where the run is, for a run on Kubeflow; None for what the record, the settings
            file and the environment say.
        home: Where runs are kept, as for `run`.

    Raises:
        PermanentError: The run has no such table, or the table cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import tables

    place = find_photo_list(result, Settings.at(home).runs / result.run_id)
    return tables.read_photos(result, find_reader(result, kubeflow), place)


@checked
def read_predictions(
    result: RunResult, *, step: str = "evaluate", kubeflow: KubeflowPipelines | None = None
) -> "pa.Table":
    """Return a row for each test photo, with the model's prediction.

    The columns are `uri`, `label` (the true class), `predicted`, `confidence` (the probability of
    the predicted class, 0 to 1), `correct`, and one column of probabilities for each class, called
    `probability of CLASS`.

    Args:
        result: The run's record.
        step: The step whose result it is, where there are several: `evaluate-2`, or in a loop
            `evaluate[0]`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The evaluate step has not finished, or the table cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import tables

    return tables.read_predictions(result, find_reader(result, kubeflow), step)


@checked
def read_label_issues(
    result: RunResult, *, step: str = "evaluate", kubeflow: KubeflowPipelines | None = None
) -> "pa.Table":
    """Return a row for each photo whose label deserves a second look, in any split.

    The columns are `uri`, `sha256`, `split`, `label`, `suggestion` (the class that the photo looks
    more like, or empty), `kind` (near duplicate, label error, outlier or doubtful), `score` (higher
    is more suspicious), `similar` (the URI of a near duplicate with another label, or empty) and
    `correction`, which is empty.

    Args:
        result: The run's record.
        step: As for `read_predictions`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The evaluate step has not finished or was told not to search, or the table
            cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import tables

    return tables.read_label_issues(result, find_reader(result, kubeflow), step)


@checked
def read_history(
    result: RunResult, *, step: str = "train", kubeflow: KubeflowPipelines | None = None
) -> "pa.Table":
    """Return a row for each epoch of training.

    The columns are `epoch` (from 1 on), `phase` (head, fine-tune or scratch), `loss`, `accuracy`
    (0 to 1), `val_loss` and `val_accuracy` where there are validation photos, and `kept`, which is
    true for the epoch whose weights the model has.

    Args:
        result: The run's record.
        step: The step whose result it is, where there are several: `train-2`, or in a loop
            `train[0]`.
        kubeflow: As for `read_photos`.

    Raises:
        PermanentError: The train step has not finished, or its record cannot be read.
        TransientError: The artifact store does not answer.
    """
    from viewfinder_pipelines.results import tables

    return tables.read_history(result, find_reader(result, kubeflow), step)


def find_reader(result: RunResult, kubeflow: KubeflowPipelines | None) -> "Read":
    """Return what reads the files that a run has left.

    Args:
        result: The run's record.
        kubeflow: As for `read_photos`.
    """
    from viewfinder_pipelines.results.artifacts import read_local

    if result.is_local:
        return read_local
    install = kubeflow or KubeflowPipelines()
    return install.with_default_host(result.where).read_artifact
