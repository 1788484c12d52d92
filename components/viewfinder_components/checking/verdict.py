"""What was checked, against which limit, and the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from viewfinder_components.formats.verdict import VERDICT
from viewfinder_components.whole_files import write_json


@dataclass(frozen=True)
class Criterion:
    """One check.

    Attributes:
        name: What was checked, in snake_case.
        value: What was measured; None if nothing could be measured.
        limit: The largest value that passes.
        passed: Whether it did.
        sentence: The result in words.
    """

    name: str
    value: float | None
    limit: float
    passed: bool
    sentence: str


def limit_check(name: str, value: float, limit: float, what: str, unit: str = "") -> Criterion:
    """Return the check that a value is at most its limit.

    Args:
        name: The check's name.
        value: What was measured.
        limit: The largest value that passes.
        what: Describes the value, as the start of a sentence.
        unit: The value's unit.
    """
    passed = value <= limit
    relation = "within" if passed else "above"
    sentence = f"{what} is {value:.4g}{unit}, {relation} the limit of {limit:g}{unit}."
    return Criterion(name, value, limit, passed, sentence)


def write_verdict(folder: Path, checks: Sequence[Criterion], details: dict[str, Any]) -> None:
    """Write `verdict.json` atomically.

    Args:
        folder: Made when missing.
        checks: All checks.
        details: Further entries, JSON-ready.
    """
    verdict = {
        "schema_version": 1,
        "passed": all(check.passed for check in checks),
        "checks": [vars(check) for check in checks],
        **details,
    }
    write_json(folder / VERDICT, verdict)
