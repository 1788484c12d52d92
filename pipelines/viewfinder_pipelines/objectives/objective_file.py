"""Read the file of a service's objectives."""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from viewfinder_components.errors import UsageError, reason_of

DEFAULT_FILE = Path("slo.toml")
_REMEDY = "correct the file; docs/slo.md describes it"
_Share = Annotated[float, Field(gt=0, lt=1)]
# The bounds of `viewfinder_request_seconds`: between them, nobody knows how many took less.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Latency(BaseModel):
    """How many requests are to be answered within which time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float
    """The time, one of the bounds of `viewfinder_request_seconds`."""
    share: _Share
    """The share of requests, greater than 0 and less than 1."""


class Objectives(BaseModel):
    """What one service promises; at least one of `availability` and `latency`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str | None = None
    """The InferenceService's; None for all that have one of this name."""
    days: Annotated[float, Field(gt=0, le=366)] = 30.0
    """The window for which the objectives hold, back from now."""
    availability: _Share | None = None
    """The share of requests to which the server has an answer, even if it is a refusal."""
    latency: Latency | None = None
    """How many requests are to be answered within which time."""


def read_objectives(path: str | Path) -> dict[str, Objectives]:
    """Return the objectives by the services' names, in the file's order.

    Raises:
        UsageError: The file cannot be read, or is no file of objectives.
    """
    tables = _parse(Path(path))
    if not tables:
        raise UsageError(f"a table for each service in {path}", "none", _REMEDY)
    return {name: _read(table, f"{path}: {name}") for name, table in tables.items()}


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(
            "a file of objectives", f"{path}: {error.strerror}", "write one (docs/slo.md)"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"TOML in {path}", reason_of(error), _REMEDY) from error


def _read(table: Any, place: str) -> Objectives:
    try:
        read = Objectives.model_validate(table, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, (place, *first["loc"])))
        raise UsageError(
            f"objectives in {place}", f"{first['msg'].lower()} ({where})", _REMEDY
        ) from error
    if read.availability is None and read.latency is None:
        raise UsageError(f"availability or latency in {place}", "neither", _REMEDY)
    if read.latency is not None and read.latency.seconds not in _BOUNDS:
        bounds = ", ".join(f"{bound:g}" for bound in _BOUNDS)
        raise UsageError(
            f"{place}.latency.seconds to be one of {bounds}", f"{read.latency.seconds:g}", _REMEDY
        )
    return read
