"""Charts of what a run measured, as matplotlib figures."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from viewfinder_components.reports.formatting import plural
from viewfinder_pipelines.results.lettering import shorten_name
from viewfinder_pipelines.results.style import MUTED, RAMP, SERIES, new_figure, styled

_NAMED_CLASSES = 24
"""Above so many classes, names and counts would cover each other."""
_NAME_LETTERS = 28
_LETTER = 0.085
"""Inches, of a letter of a name."""


@styled
def draw_history(history: pa.Table) -> Figure:
    """Draw loss and accuracy by epoch.

    Args:
        history: As from `tables.read_history`.
    """
    epochs = history.to_pylist()
    figure = new_figure(9.0, 3.4, f"Loss and accuracy in {plural(len(epochs), 'epoch')}")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for colour, key, label in ((0, name, "training"), (1, f"val_{name}", "validation")):
            points = [
                (epoch["epoch"], epoch[key]) for epoch in epochs if epoch.get(key) is not None
            ]
            if points:
                mark = "o" if len(points) == 1 else ""
                axes.plot(
                    *zip(*points, strict=True), color=SERIES[colour], label=label, marker=mark
                )
        axes.set(xlabel="epoch", title=name.capitalize())
        # There is no epoch 1.5.
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _mark_epochs(axes, epochs)
        _add_legend(axes)
    return figure


def _mark_epochs(axes: Any, epochs: Sequence[Mapping[str, Any]]) -> None:
    """Draw a line at the epoch that was kept, and where another phase begins."""
    for epoch in epochs:
        if epoch["kept"]:
            axes.axvline(epoch["epoch"], color=MUTED, linestyle=":", label="kept")
    for before, after in pairwise(epochs):
        if before.get("phase") != after.get("phase"):
            name = str(after["phase"]).replace("_", "-")
            axes.axvline(after["epoch"] - 0.5, color=MUTED, linestyle="--", label=name)


@styled
def draw_confusion_matrix(metrics: Mapping[str, Any]) -> Figure:
    """Draw the shares of each true class by predicted class, with the counts where they fit.

    Args:
        metrics: As from `tables.read_metrics`.
    """
    labels, counts = metrics["labels"], np.array(metrics["confusion_matrix"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    is_small = len(labels) <= _NAMED_CLASSES
    names = [shorten_name(label, _NAME_LETTERS) for label in labels]
    reach = max(0.8, _LETTER * max(map(len, names), default=0))
    side = 1.4 + reach + 0.55 * len(labels) if is_small else 7.0
    right = counts.trace() / max(counts.sum(), 1)
    classes = plural(len(labels), "class", "classes")
    told = f"Confusion matrix of {classes}: {right:.1%} of the photos are on the diagonal"
    figure = new_figure(side + 0.6, side, told)
    axes = figure.add_subplot()
    picture = axes.imshow(shares, cmap=RAMP, vmin=0, vmax=1)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.grid(visible=False)
    figure.colorbar(picture, ax=axes, shrink=0.8, label="share of the true class")
    if is_small:
        _name_classes(axes, names)
        _write_counts(axes, counts, shares)
    return figure


def _name_classes(axes: Any, labels: Sequence[str]) -> None:
    places = range(len(labels))
    turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(places, labels, parse_math=False, **turned)
    axes.set_yticks(places, labels, parse_math=False)


def _write_counts(axes: Any, counts: Any, shares: Any) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{count}", ha="center", va="center", color=colour)


@styled
def draw_roc(
    labels: Sequence[str],
    classes: Sequence[Mapping[str, Any] | None],
    overall: Mapping[str, Any] | None,
) -> Figure:
    """Draw the ROC curves, each class against the rest.

    Args:
        labels: The classes.
        classes: The classes' curves, in the order of `labels`; None where there is none.
        overall: The curve over all classes.
    """
    classes_told = plural(len(labels), "class", "classes")
    figure = new_figure(5.2, 5.0, f"ROC curves of {classes_told}")
    axes = figure.add_subplot(aspect="equal")
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":")
    is_small = len(labels) <= len(SERIES)
    for number, (label, curve) in enumerate(zip(labels, classes, strict=True)):
        if curve is not None and is_small:
            _draw_curve(axes, curve, label, color=SERIES[number])
        elif curve is not None:
            _draw_curve(axes, curve, "", color=SERIES[0], linewidth=0.6, alpha=0.4)
    if overall is not None and not is_small:
        _draw_curve(axes, overall, "all classes", color=SERIES[1])
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title="ROC curves, one class against the rest")
    _add_legend(axes, loc="lower right")
    return figure


def _draw_curve(axes: Any, curve: Mapping[str, Any], label: str, **look: Any) -> None:
    x, y = curve["false_positive_rate"], curve["true_positive_rate"]
    (line,) = axes.plot(x, y, **look)
    if label:
        # matplotlib leaves out what begins with an underscore.
        name = shorten_name(label, _NAME_LETTERS)
        line.set_label(f"{' ' * name.startswith('_')}{name}: AUC {curve['auc']:.3f}")


def _add_legend(axes: Any, **place: Any) -> None:
    """Add a legend if there is anything to name; a class's name is not a formula."""
    if axes.get_legend_handles_labels()[0]:
        for text in axes.legend(**place).get_texts():
            text.set_parse_math(False)


@styled
def draw_calibration(metrics: Mapping[str, Any]) -> Figure:
    """Draw the accuracy by confidence, each bar as dark as its photos are many.

    Args:
        metrics: As from `tables.read_metrics`.
    """
    told = f"Accuracy by confidence: the expected calibration error is {metrics['ece']:.3f}"
    figure = new_figure(5.2, 5.0, told)
    axes = figure.add_subplot(aspect="equal")
    bins = [part for part in metrics["calibration"] if part["photos"]]
    most = max((part["photos"] for part in bins), default=1)
    for part in bins:
        width, height = part["high"] - part["low"], max(part["accuracy"], 0.004)
        strength = 0.25 + 0.75 * part["photos"] / most
        axes.bar(part["low"], height, width, align="edge", color=SERIES[0], alpha=strength)
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle=":")
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"Calibration: expected error {metrics['ece']:.3f}")
    return figure
