"""What is known about a step without importing kfp, or what the step does."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from viewfinder_components.image import STEPS_IMAGE
from viewfinder_components.parameters import Parameter, read_parameters


class Role(Enum):
    """What a run's record takes from a step."""

    GATE = "whether the model was accepted, why, and the run's metrics"
    """Has the output `accepted`, and the artifact `evaluation`."""
    VERSION = "the version that was published, or chosen"
    """Has the outputs `number` and `uri`."""
    SERVICE = "where the model is served"
    """Has the output `endpoint`."""


@dataclass(frozen=True)
class Step:
    """A step, as its folder's `config.py` declares it."""

    name: str
    """The component's name."""
    configs: tuple[type[Any], ...]
    """What declares its parameters."""
    image: str = STEPS_IMAGE
    computes: bool = False
    """Whether it computes for long: its pod then requests a part of a core."""
    reads_photos: bool = False
    """Whether it reads the photos where the user keeps them."""
    role: Role | None = None

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Its parameters by name."""
        return read_parameters(*self.configs)
