"""The page's tables, built from what the evaluation wrote."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from viewfinder_components.phases import describe_phase
from viewfinder_components.reports.formatting import duration
from viewfinder_components.reports.pictures import heat_picture

Record = Mapping[str, Any]
SPLITS = ("train", "val", "test")
MATRIX_CLASSES = 24
"""With more classes than this, the matrix is shown as a picture: its cells would not fit."""
_PAIRS = 15


def class_rows(metrics: Record) -> list[Record]:
    """Return the classes, those with the lowest recall first, unknown ones last."""
    return sorted(
        metrics["classes"],
        key=lambda row: (row["recall"] is None, row["recall"] or 0.0, -row["photos"]),
    )


def confusion(metrics: Record, labels: list[str]) -> dict[str, Any]:
    """Return the confusion matrix, as rows of cells or as a picture, and the frequent mistakes.

    A cell's share is of the photos of its true class.
    """
    counts = np.array(metrics["confusion_matrix"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    small = len(labels) <= MATRIX_CLASSES
    rows = [
        {
            "label": label,
            "photos": int(counts[number].sum()),
            "cells": [
                {"count": int(count), "share": float(share), "right": number == column}
                for column, (count, share) in enumerate(
                    zip(counts[number], shares[number], strict=True)
                )
            ],
        }
        for number, label in enumerate(labels)
    ]
    return {
        "rows": rows if small else [],
        "picture": None if small else heat_picture(shares),
        "pairs": _confused_pairs(counts, labels),
    }


def _confused_pairs(counts: Any, labels: list[str]) -> list[dict[str, Any]]:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_PAIRS]
    pairs = (divmod(int(place), len(labels)) for place in order)
    return [
        {
            "label": labels[truth],
            "predicted": labels[predicted],
            "count": int(wrong[truth, predicted]),
            "photos": int(counts[truth].sum()),
        }
        for truth, predicted in pairs
        if wrong[truth, predicted]
    ]


def data_rows(summary: Record) -> list[dict[str, Any]]:
    """Return the photos of each class by split, the largest class first."""
    classes: Mapping[str, Mapping[str, int]] = summary.get("classes") or {}
    rows = [
        {
            "label": label,
            "splits": [counts.get(split, 0) for split in SPLITS],
            "photos": sum(counts.get(split, 0) for split in SPLITS),
        }
        for label, counts in classes.items()
    ]
    return sorted(rows, key=lambda row: (-row["photos"], row["label"]))


def known_steps(page: Record, evaluation: Record) -> list[dict[str, Any]]:
    """Return the seconds reported by the steps so far, in the form of a run's steps."""
    known = {
        "validate": page["summary"].get("seconds"),
        "train": page["training"].get("seconds"),
        "evaluate": evaluation.get("seconds"),
    }
    return [
        {"name": name, "state": "succeeded", "seconds": sum(phases.values()), "phases": phases}
        for name, phases in known.items()
        if isinstance(phases, dict) and phases
    ]


def describe_phases(steps: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the phases of the steps, as `export: trace`, and what happens in each."""
    named = [(step["name"], phase) for step in steps for phase in step.get("phases") or {}]
    told = [(f"{step}: {phase}", describe_phase(step, phase)) for step, phase in named]
    return [(name, meaning) for name, meaning in told if meaning]


def time_parts(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each step's share of the total seconds, 0 to 1."""
    total = sum(step["seconds"] for step in steps) or 1.0
    return [
        {
            "name": step["name"],
            "state": step["state"],
            "seconds": step["seconds"],
            "share": step["seconds"] / total,
            "text": duration(step["seconds"]),
        }
        for step in steps
    ]
