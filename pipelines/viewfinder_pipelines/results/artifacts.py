"""Find and read the files that a run's steps have left."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.reports.formatting import shorten
from viewfinder_components.steps import declared_name
from viewfinder_pipelines.runs.record import RunResult

Read = Callable[[str], bytes]
"""Reads a file by its path or URI."""
_MISREADINGS = (
    *(LookupError, TypeError, ValueError, AttributeError, ArithmeticError),
    pa.ArrowException,
)


def find_file(result: RunResult, step: str, artifact: str, name: str) -> str:
    """Return the path or URI of a file in an output artifact of a step.

    Args:
        result: The run's record.
        step: The step's name.
        artifact: The artifact's name.
        name: The file's name.

    Raises:
        PermanentError: The run has no such step, or the step has not finished.
    """
    found = result.step(step)
    if found is None:
        raise _explain_missing_step(result, step, artifact)
    if not found.artifacts and found.state in ("succeeded", "cached"):
        raise PermanentError(
            f"the output {artifact} of the step {step} in run {result.run_id}",
            f"a record without outputs; the run is in state {result.state}",
            "wait until the run has ended and load its record again, or resume it if it was killed",
        )
    if artifact not in found.artifacts:
        raise PermanentError(
            f"the output {artifact} of the step {step} in run {result.run_id}",
            f"the step in state {found.state}; the run is in state {result.state}",
            "take a run whose step has finished",
        )
    return f"{found.artifacts[artifact].uri.rstrip('/')}/{name}"


def _explain_missing_step(result: RunResult, step: str, artifact: str) -> PermanentError:
    """Return the error for a step that is not in a run's record.

    Only a run that has ended well shows which steps its pipeline has.
    """
    names = [one.name for one in result.steps]
    similar = [name for name in names if declared_name(name) == declared_name(step)]
    received = f"no such step; the run is in state {result.state}"
    remedy = "take a run whose step has finished"
    if similar:
        received = f"a run with {shorten(similar)} instead"
        remedy = "pass one of these as `step`, if the function accepts it"
    elif result.state in ("succeeded", "refused"):
        received = f"a run without this step; its steps are {shorten(names)}"
        remedy = "take a run of a pipeline that has the step"
    return PermanentError(
        f"the output {artifact} of the step {step} in run {result.run_id}", received, remedy
    )


def read_table(read: Read, place: str) -> pa.Table:
    """Read a Parquet file.

    Raises:
        PermanentError: It is missing, or no Parquet file.
    """
    content = read(place)
    try:
        return pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:  # OSError: damaged pages
        raise damaged_file("a Parquet file", place, error) from error


def read_json(read: Read, place: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        PermanentError: It is missing, or no JSON object.
    """
    content = read(place)
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise damaged_file("JSON", place, error) from error
    if not isinstance(values, dict):
        raise damaged_file("a JSON object", place, repr(values)[:80])
    return values


def read_local(place: str) -> bytes:
    """Read a file of this machine.

    Raises:
        PermanentError: It cannot be read.
    """
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise PermanentError(
            f"the file {place}",
            reason_of(error),
            "run the pipeline again if the run's folder was removed",
        ) from error


@contextmanager
def understanding(expected: str, place: str) -> Iterator[None]:
    """Explain what goes wrong with the content of a file while the block uses it.

    Args:
        expected: What should be in the file.
        place: Its path or URI.

    Raises:
        PermanentError: Something else is in it.
    """
    try:
        yield
    except _MISREADINGS as error:
        raise damaged_file(expected, place, f"{type(error).__name__}: {error}") from error


def damaged_file(expected: str, place: str, received: object) -> PermanentError:
    """Return the error for a file that holds something else.

    Args:
        expected: What should be in it.
        place: Its path or URI.
        received: What is in it.
    """
    return PermanentError(
        f"{expected} in {place}", str(received), "run the step that wrote it again"
    )
