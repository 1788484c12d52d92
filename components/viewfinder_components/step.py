"""What can be known about a step without importing kfp or the step's own work."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from viewfinder_components.image import STEPS_IMAGE
from viewfinder_components.parameters import Parameter, read_parameters


class Role(Enum):
    """What a run's record uses from a step."""

    GATE = "whether the model was accepted, why, and the run's metrics"
    """Has the output `accepted`, and the artifact `evaluation`."""
    VERSION = "the version that was published, or chosen"
    """Has the outputs `number` and `uri`."""
    SERVICE = "where the model is served"
    """Has the output `endpoint`."""


@dataclass(frozen=True)
class Step:
    """A step, as declared in its folder's `config.py`."""

    name: str
    """The component's name."""
    configs: tuple[type[Any], ...]
    """What declares its parameters."""
    image: str = STEPS_IMAGE
    computes: bool = False
    """Whether it computes for a long time: its pod then requests part of a core."""
    reads_photos: bool = False
    """Whether it reads the photos from the user's location."""
    for_cache: bool = False
    """Whether its outputs only tell Kubeflow's cache what has changed: a run without that cache
    leaves it out."""
    role: Role | None = None

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """Its parameters by name."""
        return read_parameters(*self.configs)
