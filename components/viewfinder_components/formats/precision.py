"""Which numeric precisions a version may be served in: the entry `precision` of its manifest.

`export` prepares the models, `check` proves them, `publish` records the result, and the predictor
reads it. A manifest without the entry is of a version that is served in f32.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

_log = logging.getLogger(__name__)

Precision = Literal["f32", "bf16", "int8"]
"""A numeric precision: float32, bfloat16, or 8-bit integers."""
F32: Precision = "f32"
AUTO = "auto"
"""The setting for the fastest precision that check has proved and the processor has."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
MODEL_FILES: Mapping[Precision, tuple[str, str]] = {
    "f32": ("model.xml", "model.bin"),
    "bf16": ("model.xml", "model.bin"),  # rounded when the model is loaded
    "int8": ("model-int8.xml", "model-int8.bin"),
}
"""The files of the model, by precision; below the version."""
LEAST_PHOTOS = 100
"""Test photos below which a precision cannot be proved, so that f32 is served.

If 100 photos keep their labels, at most 3% of all photos lose theirs, at a level of 95% (the rule
of three); with fewer photos that says little.
"""
ENTRY = "precision"
"""The entry's name in a manifest and in `verdict.json`."""


@dataclass(frozen=True)
class Candidate:
    """A precision that was considered, with what was measured on the test photos.

    f32 is among them once something was measured: the others are compared with it.
    """

    name: str
    """One of `PRECISIONS`."""
    passed: bool
    sentence: str
    """The result in words, with the reason."""
    evidence: str = ""
    """What was measured, in words."""
    photos: int = 0
    """Test photos measured; the following numbers mean nothing without any."""
    accuracy: float = 0.0
    """Share of the photos that get their own label, 0 to 1."""
    difference: float = 0.0
    """The accuracy minus that of f32 on the same photos."""
    low: float = 0.0
    """Lower end of the paired difference's interval."""
    high: float = 0.0
    """Upper end of the paired difference's interval."""
    agreement: float = 0.0
    """Share of the photos that get the same label as in f32, 0 to 1."""
    max_difference: float = 0.0
    """Largest difference of a probability from f32."""
    p50_ms: float = 0.0
    """Median latency in milliseconds, not counting waits for a processor."""


@dataclass(frozen=True)
class PrecisionChoice:
    """The precisions in which a version may be served."""

    allowed: tuple[str, ...] = (F32,)
    """Fastest first, as measured by check; f32 is always among them."""
    reason: str = ""
    """Why, in sentences, with what was refused."""
    tolerances: Mapping[str, float] = field(default_factory=dict)
    """By precision, the largest difference between a served and an evaluated probability that
    counts as equal."""
    candidates: tuple[Candidate, ...] = ()
    """What was measured."""

    def to_json(self) -> dict[str, Any]:
        """Return the entry."""
        return {**asdict(self), "served": self.allowed[0]}

    @classmethod
    def read(cls, entry: object) -> "PrecisionChoice":
        """Read the entry of a manifest or a verdict.

        Names of precisions that this release does not know are kept: `allowed` may have them.

        Args:
            entry: What is there; None for a version that was published before there was a choice.
        """
        if entry is None:
            return cls(reason="The version was published without a choice of precision.")
        try:
            return cls._parse(entry)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            _log.warning("the entry %r of the manifest cannot be read: %r", ENTRY, error)
            return cls(reason="The version's choice of precision cannot be read.")

    @classmethod
    def _parse(cls, entry: Any) -> "PrecisionChoice":
        allowed = tuple(str(name) for name in entry["allowed"])
        return cls(
            allowed if F32 in allowed else (*allowed, F32),
            str(entry.get("reason", "")),
            {str(name): float(value) for name, value in entry.get("tolerances", {}).items()},
            tuple(_read_candidate(one) for one in entry.get("candidates", ())),
        )


def _read_candidate(values: Mapping[str, Any]) -> Candidate:
    """Return a candidate, without the fields that a newer release has added."""
    known = Candidate.__dataclass_fields__
    return Candidate(**{name: value for name, value in values.items() if name in known})


def explain_few(photos: int, least: int) -> str:
    """Return why no precision below f32 can be proved, in a sentence.

    Args:
        photos: Number of photos in the test split.
        least: Number of photos that it takes.
    """
    return f"It takes {least} test photos to prove another precision, and the split has {photos}."


def list_missing(folder: Path, precision: Precision) -> list[str]:
    """Return which files for a precision a version or a servable does not have."""
    return [name for name in MODEL_FILES[precision] if not (folder / name).is_file()]
