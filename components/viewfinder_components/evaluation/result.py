"""The result of the evaluate step, in the forms that KFP's artifacts need."""

from dataclasses import dataclass
from typing import Self

from viewfinder_components.evaluation.findings import Findings


@dataclass(frozen=True)
class EvaluationResult:
    """What the step reports."""

    accepted: bool
    """Whether the model may be published."""
    decision: str
    """The decision and its reason, in a sentence or two."""
    scalars: dict[str, float]
    """For KFP's Metrics: every number is finite."""
    confusion_matrix: tuple[list[str], list[list[int]]]
    """For KFP's ClassificationMetrics: labels, and rows of true classes."""
    roc_curve: tuple[list[float], list[float], list[float]]
    """For KFP's ClassificationMetrics, micro-averaged: fpr, tpr, thresholds."""
    warnings: tuple[str, ...]
    """Caveats for readers of the numbers, in sentences."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @classmethod
    def of(cls, findings: Findings, seconds: dict[str, float]) -> Self:
        """Derive the result from what was found out."""
        metrics, curve = findings.metrics, findings.metrics.roc_micro
        return cls(
            accepted=findings.decision.accepted,
            decision=findings.decision.sentence,
            scalars=_find_scalars(findings),
            confusion_matrix=(
                list(findings.predictions.labels),
                [list(row) for row in metrics.confusion_matrix],
            ),
            roc_curve=(
                list(curve.false_positive_rate) if curve else [],
                list(curve.true_positive_rate) if curve else [],
                list(curve.thresholds) if curve else [],
            ),
            warnings=findings.warnings,
            seconds=seconds,
        )

    @property
    def summary(self) -> str:
        """The step's one-sentence summary."""
        return self.decision


def _find_scalars(findings: Findings) -> dict[str, float]:
    metrics = findings.metrics
    found = {
        "photos": metrics.photos,
        "accuracy": metrics.accuracy,
        "accuracy_low": metrics.accuracy_interval.low,
        "accuracy_high": metrics.accuracy_interval.high,
        "balanced_accuracy": metrics.balanced_accuracy,
        "macro_f1": metrics.macro_f1,
        "log_loss": metrics.log_loss,
        "ece": metrics.ece,
        "top_5_accuracy": metrics.top_5_accuracy,
        "auc_micro": metrics.auc_micro,
        "auc_macro": metrics.auc_macro,
        "champion_difference": findings.difference.difference if findings.difference else None,
    }
    return {name: value for name, value in found.items() if value is not None}
