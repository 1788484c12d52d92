"""A share of the work: every n-th part of the files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from viewfinder_components.errors import (
    ParameterError,
    PermanentError,
    TransientError,
    ViewfinderError,
)

RULE = "a shard's number and the number of shards, such as 2/3"
_FORM = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})")


@dataclass(frozen=True)
class Shard:
    """One of several shares of the work.

    A shard takes every n-th part instead of a range of them: neighbouring photos are often of the
    same size, so that the shards take about the same time.

    Attributes:
        number: Which one, from 1.
        of: How many there are.
    """

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a shard from a text such as `2/3`.

        Raises:
            ParameterError: It is none.
        """
        match = _FORM.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]):
            raise ParameterError("shard", RULE, text)
        return cls(int(match[1]), int(match[2]))

    def choose(self, parts: int) -> range:
        """Return the numbers of its parts.

        Args:
            parts: How many parts all shards have together.
        """
        return range(self.number - 1, parts, self.of)

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """Name the shard in an error of the block, and say what becomes of the others."""
        try:
            yield
        except ViewfinderError as error:
            kind = TransientError if isinstance(error, TransientError) else PermanentError
            raise kind(
                error.expected,
                f"{error.received}, in shard {self.number} of {self.of}",
                f"{error.remedy}; a new run with the same arguments continues after what all "
                "shards have finished",
            ) from error


def is_shard(text: str) -> bool:
    """Return whether a text names a shard, such as `2/3`."""
    match = _FORM.fullmatch(text)
    return match is not None and int(match[1]) <= int(match[2])


def list_shards(count: int) -> list[str]:
    """Return the names of all shards; none if there is nothing to share.

    Args:
        count: How many there are.
    """
    return [str(Shard(number, count)) for number in range(1, count + 1)] if count > 1 else []
