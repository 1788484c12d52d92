"""What a client can be told, and what is refused before anything is sent."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from viewfinder_components.bearer_token import RULE, is_token
from viewfinder_components.errors import ParameterError

ProtocolName = Literal["v1", "v2", "grpc"]
Shrink = Literal["auto", False]

MOST_CONCURRENT = 256


@dataclass(frozen=True)
class Options:
    """How a client asks; the fields are the arguments of `AsyncClient`."""

    protocol: ProtocolName = "v1"
    shrink: Shrink = "auto"
    concurrency: int = 8
    seconds: float = 60.0
    retries: int = 8
    token: str | None = None
    ca_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no client can do.

        Raises:
            ParameterError: A field has another type, or is out of range.
        """
        if self.protocol not in get_args(ProtocolName):
            raise ParameterError("protocol", "v1, v2 or grpc", self.protocol)
        if self.shrink not in get_args(Shrink) or (self.shrink == 0 and self.shrink is not False):
            raise ParameterError("shrink", '"auto" or False', self.shrink)
        if not _is_count(self.concurrency, 1, MOST_CONCURRENT):
            rule = f"a whole number from 1 to {MOST_CONCURRENT}"
            raise ParameterError("concurrency", rule, self.concurrency)
        if not _is_number(self.seconds) or not 0 < self.seconds < math.inf:
            raise ParameterError("seconds", "a number greater than 0", self.seconds)
        if not _is_count(self.retries, 0, 1000):
            raise ParameterError("retries", "a whole number from 0 to 1000", self.retries)
        if self.ca_file is not None and not (isinstance(self.ca_file, str) and self.ca_file):
            raise ParameterError("ca_file", "a file's path, or None", self.ca_file)
        if self.token is not None and not (isinstance(self.token, str) and is_token(self.token)):
            raise ParameterError("token", RULE, "another text", "ask whoever runs the predictor")


def _is_count(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
