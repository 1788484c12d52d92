"""The numbers that describe a classifier on the test photos."""

from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from viewfinder_components.evaluation import calibration, roc
from viewfinder_components.evaluation.calibration import CalibrationBin
from viewfinder_components.evaluation.roc import Roc
from viewfinder_components.evaluation.scoring import Predictions

TOP_K = 5
"""Top-5 accuracy is reported if there are more than 5 classes."""
_SMALLEST = float(np.finfo(np.float32).eps)  # one certain mistake must not make log loss infinite


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class ClassMetrics:
    """One class, against the rest."""

    label: str
    photos: int
    """Test photos of the class."""
    predicted: int
    """Test photos that the model assigns to the class."""
    precision: float | None
    """Of the photos assigned to the class, the share that belongs to it; None if there are none."""
    recall: float | None
    """Of the class's photos, the share that was found; None if it has no test photos."""
    f1: float | None
    """Harmonic mean of precision and recall; None without test photos."""
    auc: float | None
    """Area under the ROC curve; None if all or none of the test photos are of the class."""


@dataclass(frozen=True)
class Metrics:
    """Everything measured on the test photos. Shares lie between 0 and 1."""

    photos: int
    accuracy: float
    accuracy_interval: Interval
    """Wilson's score interval."""
    balanced_accuracy: float
    """Mean recall over the classes that have test photos."""
    macro_f1: float
    """Mean F1 over the classes that have test photos."""
    log_loss: float
    """Mean of -ln(probability of the true class); ln(classes) for a model that knows nothing."""
    ece: float
    """Expected calibration error."""
    top_5_accuracy: float | None
    """Share of photos whose class is among the five most probable; None up to 5 classes."""
    auc_micro: float | None
    auc_macro: float | None
    """Mean AUC of the classes that have one."""
    classes: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]
    """Rows are true classes, columns predicted ones."""
    calibration: tuple[CalibrationBin, ...]
    roc_micro: Roc | None
    roc_classes: tuple[Roc | None, ...]
    """One curve per class, against the rest; None where `ClassMetrics.auc` is."""


def measure(predictions: Predictions, confidence: float = 0.95) -> Metrics:
    """Measure everything.

    Args:
        predictions: At least one photo.
        confidence: Level of the accuracy's interval, 0 to 1.
    """
    bins = calibration.reliability(predictions.confidence, predictions.correct)
    curves = roc.one_against_rest(predictions.truth, predictions.probabilities)
    micro = roc.micro_average(predictions.truth, predictions.probabilities)
    classes = _per_class(predictions, curves)
    numbers = range(len(predictions.labels))
    matrix = confusion_matrix(predictions.truth, predictions.predicted, labels=numbers)
    return Metrics(
        photos=len(predictions),
        accuracy=float(predictions.correct.mean()),
        accuracy_interval=wilson(int(predictions.correct.sum()), len(predictions), confidence),
        balanced_accuracy=_mean([part.recall for part in classes]) or 0.0,
        macro_f1=_mean([part.f1 for part in classes]) or 0.0,
        log_loss=_log_loss(predictions),
        ece=calibration.expected_calibration_error(bins),
        top_5_accuracy=_top_k(predictions, TOP_K),
        auc_micro=micro.auc if micro else None,
        auc_macro=_mean([part.auc for part in classes]),
        classes=classes,
        confusion_matrix=tuple(tuple(row) for row in matrix.tolist()),
        calibration=bins,
        roc_micro=micro,
        roc_classes=curves,
    )


def wilson(right: int, total: int, confidence: float) -> Interval:
    """Return Wilson's score interval of a share; unlike the normal one it is valid near 0 and 1.

    Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22, 1927.
    """
    interval = binomtest(right, total).proportion_ci(confidence, method="wilson")
    return Interval(float(interval.low), float(interval.high))


def _per_class(
    predictions: Predictions, curves: tuple[Roc | None, ...]
) -> tuple[ClassMetrics, ...]:
    numbers = np.arange(len(predictions.labels))
    precision, recall, f1, support = precision_recall_fscore_support(
        predictions.truth, predictions.predicted, labels=numbers, zero_division=np.nan
    )
    taken = np.bincount(predictions.predicted, minlength=len(numbers))
    return tuple(
        ClassMetrics(
            label=label,
            photos=int(support[number]),
            predicted=int(taken[number]),
            precision=_number(precision[number]),
            recall=_number(recall[number]),
            # A class that is never found has F1 0, even where its precision is 0 / 0.
            f1=_number(np.nan_to_num(f1[number])) if support[number] else None,
            auc=curve.auc if (curve := curves[number]) else None,
        )
        for number, label in enumerate(predictions.labels)
    )


def _log_loss(predictions: Predictions) -> float:
    rows: NDArray[np.intp] = np.arange(len(predictions))
    of_truth = predictions.probabilities[rows, predictions.truth].astype(np.float64)
    return float(-np.log(np.clip(of_truth, _SMALLEST, 1)).mean())


def _top_k(predictions: Predictions, k: int) -> float | None:
    if len(predictions.labels) <= k:
        return None
    best = np.argpartition(predictions.probabilities, -k, axis=1)[:, -k:]
    return float((best == predictions.truth[:, None]).any(axis=1).mean())


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _mean(values: list[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return fmean(present) if present else None
