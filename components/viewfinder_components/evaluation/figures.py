"""The page's charts, drawn from what the evaluation wrote."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from viewfinder_components.reports.charts import SERIES, Line, Plot, bar_chart, line_chart

Record = Mapping[str, Any]


def training_curves(training: Record) -> list[dict[str, Any]]:
    """Return the curves of loss and accuracy, a title and an SVG each; none if there are no epochs.

    Args:
        training: train's `training.json`.
    """
    history = training.get("history") or []
    charts = []
    for name in ("loss", "accuracy"):
        lines = [
            line
            for series, key in enumerate((name, f"val_{name}"), 1)
            if (line := _history_line(history, key, series))
        ]
        if lines:
            limits = (0.0, 1.0) if name == "accuracy" else None
            plot = Plot(f"{name} by epoch", "epoch", name, None, limits, _marks(training, history))
            charts.append({"title": name.capitalize(), "svg": line_chart(plot, lines)})
    return charts


def roc_chart(page: Record) -> tuple[Markup, bool] | None:
    """Return the ROC curves, and whether each class has its own colour.

    Args:
        page: The evaluation's `page.json`.
    """
    micro, classes = page["roc_micro"], page["roc_classes"]
    if micro is None:
        return None
    coloured = len(classes) <= SERIES
    lines = [
        _roc_line(curve, number if coloured else 1, weak=not coloured)
        for number, curve in enumerate(classes, 1)
        if curve is not None
    ]
    if not coloured:
        lines.append(_roc_line(micro, 2))
    plot = Plot(
        "ROC curves, one class against the rest",
        "false positive rate",
        "true positive rate",
        (0, 1),
        (0, 1),
        diagonal=True,
        square=True,
    )
    return line_chart(plot, lines), coloured


def reliability_diagram(metrics: Record) -> Markup:
    """Return the accuracy by confidence; the more photos a bar has, the darker it is.

    Args:
        metrics: The `metrics` of `evaluation.json`.
    """
    bins: Sequence[Record] = metrics["calibration"]
    plot = Plot(
        "accuracy by confidence",
        "confidence",
        "accuracy",
        (0, 1),
        (0, 1),
        diagonal=True,
        square=True,
    )
    return bar_chart(
        plot,
        edges=[bins[0]["low"], *(part["high"] for part in bins)],
        heights=[part["accuracy"] for part in bins],
        shares=[part["photos"] / metrics["photos"] for part in bins],
    )


def _history_line(history: Sequence[Record], key: str, series: int) -> Line | None:
    points = [
        (number, float(epoch[key]))
        for number, epoch in enumerate(history, 1)
        if epoch.get(key) is not None
    ]
    if not points:
        return None
    return Line([x for x, _ in points], [y for _, y in points], series)


def _marks(training: Record, history: Sequence[Record]) -> tuple[tuple[float, str], ...]:
    """Mark where another phase, such as fine-tuning, begins, and which epoch was kept."""
    marks = [
        (number + 0.5, str(after["phase"]).replace("_", " "))
        for number, (before, after) in enumerate(pairwise(history), 1)
        if after.get("phase") != before.get("phase")
    ]
    best = training.get("best_epoch")
    if best is not None and 1 <= best <= len(history):
        marks.append((best, "kept"))
    return tuple(marks)


def _roc_line(curve: Record, series: int, weak: bool = False) -> Line:
    return Line(curve["false_positive_rate"], curve["true_positive_rate"], series, weak)
