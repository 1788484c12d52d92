"""Parameters that several steps have: one range, default and description for all of them."""

from typing import Annotated

from pydantic import Field

from viewfinder_components.ranges import (
    LARGEST_MEGAPIXELS,
    LARGEST_SEED,
    Advice,
    Described,
    Share,
    Text,
)
from viewfinder_components.storage.model_name import RULE, is_model_name, suggest_name

ModelRoot = Annotated[str, Described("Where versions are published, such as `s3://models`.")]
ModelName = Annotated[
    str,
    Text(RULE, is_model_name),
    Advice(suggest_name),
    Described("The model's name below the root."),
]
RunId = Annotated[str, Described("The run's name in the manifest of what it publishes.")]
Seed = Annotated[
    int,
    Field(ge=0, le=LARGEST_SEED),
    Described("Seed of splits, shuffling, initial weights and dropout."),
]
Tolerance = Annotated[
    Share, Described("Largest difference of a served probability from the evaluation's.")
]
MaxMegapixels = Annotated[
    float,
    Field(gt=0, le=LARGEST_MEGAPIXELS),
    Described("Largest photo that is decoded, in megapixels; larger ones are unreadable."),
]

DEFAULT_SEED = 0
DEFAULT_TOLERANCE = 0.02
"""Enough for two builds of the same decoder, which differ by rounding; another decoder or size
shows at a few hundredths."""
DEFAULT_MAX_MEGAPIXELS = 120.0
