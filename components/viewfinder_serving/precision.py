"""Which precision this predictor serves a version in."""

import logging
from pathlib import Path
from typing import Any, NamedTuple

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.precision import (
    AUTO,
    ENTRY,
    F32,
    PRECISIONS,
    Precision,
    PrecisionChoice,
    list_missing,
)
from viewfinder_components.inference import has_bfloat16
from viewfinder_serving.engine_names import TENSORFLOW

_log = logging.getLogger(__name__)


class ServedPrecision(NamedTuple):
    """The precision in which a version is served."""

    name: Precision
    reason: str
    """Why, in sentences, with what check refused."""
    tolerance: float | None
    """Largest difference between a served and an evaluated probability that counts as equal; None
    where it was not measured."""


def select_precision(
    engine: str, directory: Path, manifest: dict[str, Any], wanted: str = AUTO
) -> ServedPrecision:
    """Select the precision by the engine, the manifest, this processor and the setting.

    Args:
        engine: One of `ENGINES`.
        directory: The version.
        manifest: Its manifest; empty without one.
        wanted: `auto` or a precision, which is then served whether or not check has proved it.

    Raises:
        PermanentError: The version or the processor does not have the wanted precision.
    """
    choice = PrecisionChoice.read(manifest.get(ENTRY))
    if engine == TENSORFLOW:
        return _describe(choice, F32, "TensorFlow computes in f32.")
    if wanted != AUTO:
        return _demand(directory, choice, next(one for one in PRECISIONS if one == wanted))
    skipped: list[str] = []
    for name in choice.allowed:
        known = next((one for one in PRECISIONS if one == name), None)
        problem = "this release does not know it" if known is None else _lack(directory, known)
        if known is not None and not problem:
            return _describe(choice, known, " ".join([*skipped, choice.reason]).strip())
        skipped.append(f"{name} is not served here: {problem}.")
        _log.warning("%s", skipped[-1])
    return _describe(choice, F32, " ".join(skipped))


def fall_back(
    served: ServedPrecision, manifest: dict[str, Any], error: PermanentError
) -> ServedPrecision:
    """Return f32 instead of a precision whose model cannot be used on this machine.

    Args:
        served: What was selected.
        manifest: The version's manifest.
        error: Why it cannot be used.
    """
    reason = f"{served.name} is not served here: expected {error.expected}, received "
    reason = f"{reason}{error.received}."
    _log.warning("%s", reason)
    return _describe(PrecisionChoice.read(manifest.get(ENTRY)), F32, reason)


def _demand(directory: Path, choice: PrecisionChoice, wanted: Precision) -> ServedPrecision:
    if problem := _lack(directory, wanted):
        raise PermanentError(
            f"a version and a processor for the precision {wanted}",
            problem,
            f"set --precision to {F32}, or leave it out",
        )
    if wanted not in choice.allowed:
        _log.warning("%s is served although check has not proved it for this version", wanted)
    return _describe(choice, wanted, f"The setting precision is {wanted}.")


def _lack(directory: Path, name: Precision) -> str:
    """Return why a precision cannot be served; empty if it can."""
    if missing := list_missing(directory, name):
        return f"the version has no {' and no '.join(missing)}"
    if name == "bf16" and not has_bfloat16():
        return "the processor does not compute in bfloat16"
    return ""


def _describe(choice: PrecisionChoice, name: Precision, reason: str) -> ServedPrecision:
    return ServedPrecision(name, reason, choice.tolerances.get(name))
