"""User settings and results of the validate step."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import INTERNAL, configuration
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
    DEFAULT_NEAR_DUPLICATE_DISTANCE,
    DEFAULT_SEED,
    Corrections,
    Data,
    MaxMegapixels,
    NearDuplicateDistance,
    PhotoLayout,
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
"""Names for files that are left out, by their status."""


@configuration
class PhotoSource:
    """Where the photos are."""

    data: Data


@configuration
class ValidationConfig:
    """How to read, split and judge photos."""

    layout: PhotoLayout = "auto"
    image_size: Annotated[int, Field(ge=8, le=4096)] = 224
    """Side of the square the photos are resized to, in pixels."""
    val_fraction: Share = 0.15
    """Share of the photos used for validation if no split is given."""
    test_fraction: Share = 0.15
    """Share of the photos used for the test if no split is given."""
    seed: Seed = DEFAULT_SEED
    """Seed of the splits; another seed draws other splits, so that a version trained with the old
    ones has seen some of the new test photos."""
    min_classes: Annotated[int, Field(ge=2, le=LARGEST_INTEGER)] = 2
    """Minimum number of classes; with fewer, the run fails."""
    min_photos_per_class: Count = 2
    """Minimum number of usable photos in each class."""
    min_test_photos_per_class: CountFromZero = 1
    """Minimum number of test photos in each class.

    0 accepts classes without test photos, which are not measured. At least one photo is needed.
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
    near_duplicate_distance: NearDuplicateDistance = DEFAULT_NEAR_DUPLICATE_DISTANCE
    corrections: Corrections = ""
    photos_fingerprint: str = ""
    """What the step fingerprint returned, so that Kubeflow's cache notices changed photos; empty
    for none."""
    workers: Annotated[CountFromZero, INTERNAL] = 0
    """Threads that read photos; 0 for one more than there are cores."""

    @property
    def max_pixels(self) -> int:
        """`max_megapixels` in pixels."""
        return int(self.max_megapixels * 1_000_000)

    def __post_init__(self) -> None:
        if self.val_fraction + self.test_fraction >= 1:
            raise UsageError(
                "val_fraction and test_fraction to be less than 1 together",
                f"{self.val_fraction} and {self.test_fraction}",
                "leave some photos for training",
            )


STEP = Step("validate", (PhotoSource, ValidationConfig), computes=True, reads_photos=True)


@dataclass(frozen=True)
class ValidationResult:
    """The results of validation."""

    counts: dict[str, int]
    """Files by status; they add up to all files found."""
    labels: list[str]
    """The classes with used photos, sorted."""
    photos: int
    """Used photos."""
    data_digest: str
    """Identifies the used photos, their labels and splits: equal digests mean equal data."""
    warnings: list[str]
    """Sentences for the user."""
    relabelled: int | None
    """Photos whose label the table of corrections changed; None without one."""
    dropped: int
    """Photos that the table of corrections leaves out; they are among the ignored ones."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The result in a sentence, and warnings for the user."""
        counts = {**self.counts, "ignored": self.counts.get("ignored", 0) - self.dropped}
        left_out = [plural(n, _NOUNS[s]) for s, n in counts.items() if s in _NOUNS and n]
        if self.dropped:
            left_out.append(f"{plural(self.dropped, 'photo')} by the corrections")
        counted = (
            f"{plural(self.photos, 'photo')} in {plural(len(self.labels), 'class', 'classes')}; "
            + (f"left out: {', '.join(left_out)}" if left_out else "nothing left out")
            + ("" if self.relabelled is None else f"; {plural(self.relabelled, 'label')} corrected")
        )
        return ". ".join([counted, " ".join(self.warnings)]) if self.warnings else counted
