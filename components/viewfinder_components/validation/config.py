"""What a user may decide about validation, and what validation answers."""

from dataclasses import dataclass

from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.photos.layout import LAYOUTS
from viewfinder_components.ranges import LARGEST_MEGAPIXELS, need_integer, need_number, need_seed
from viewfinder_components.reports.formatting import plural

_NOUNS = {
    "duplicate": "duplicate",
    "conflict": "conflict",
    "leak": "leak",
    "unreadable": "unreadable file",
    "ignored": "ignored file",
}
"""What a file that is left out is called, by its status."""
_LARGEST_DISTANCE = 8  # beyond it the search compares nearly every photo with every other


@dataclass(frozen=True)
class ValidationConfig:
    """How photos are read, split and judged."""

    layout: str = "auto"
    """How labels are found in a folder: `class` (class/photo), `split` (split/class/photo) or
    `auto`, which looks whether the folders are called train, val, test."""
    image_size: int = 224
    """Side of the square that photos are resized to, in pixels; at least 8."""
    val_fraction: float = 0.15
    """Share of the photos that goes to validation where no split is given, 0 to 1."""
    test_fraction: float = 0.15
    """Share of the photos that goes to the test where no split is given, 0 to 1."""
    seed: int = 0
    """Another seed draws other splits, so that a version trained with the old ones has seen some of
    the new test photos; 0 to 2^32 - 1."""
    min_classes: int = 2
    """Gate: least classes with usable photos; at least 2."""
    min_photos_per_class: int = 2
    """Gate: least usable photos in every class; at least 1."""
    min_test_photos_per_class: int = 1
    """Gate: least test photos in every class; 0 lets classes pass of which nothing is measured.
    Without any test photo nothing passes."""
    max_unreadable: float = 0.1
    """Gate: largest share of unreadable files among those that should be photos, 0 to 1."""
    max_leakage: float = 0.05
    """Gate: largest share of given val and test photos that also lie in train, as the same bytes
    or as a near duplicate, 0 to 1. The train copies are left out in any case."""
    max_imbalance: float = 100.0
    """Gate: largest ratio of the largest class to the smallest; at least 1."""
    max_megapixels: float = 120.0
    """Larger pictures are not decoded; more than 0."""
    near_duplicate_distance: int = 4
    """Bits of 64 in which the perceptual hashes of near duplicates may differ, 0 to 8; 0 looks
    for none. On the demo's 1,393 different photos, copies that were saved again or resized differ
    in at most 4 bits, and different photos in 12 or more but for a handful of real repeats."""
    workers: int = 0
    """Threads that read photos; 0 for one a core and one more."""

    @property
    def max_pixels(self) -> int:
        """`max_megapixels` in pixels."""
        return int(self.max_megapixels * 1_000_000)

    def __post_init__(self) -> None:
        need_seed(self.seed)
        need_integer("image_size", self.image_size, 8, 4096)
        need_integer("min_classes", self.min_classes, 2)
        need_integer("min_photos_per_class", self.min_photos_per_class, 1)
        need_integer("min_test_photos_per_class", self.min_test_photos_per_class, 0)
        need_integer("near_duplicate_distance", self.near_duplicate_distance, 0, _LARGEST_DISTANCE)
        need_integer("workers", self.workers, 0)
        for name in ("val_fraction", "test_fraction", "max_unreadable", "max_leakage"):
            need_number(name, getattr(self, name), 0, 1)
        need_number("max_imbalance", self.max_imbalance, 1)
        need_number("max_megapixels", self.max_megapixels, 0, LARGEST_MEGAPIXELS, above=True)
        if self.layout not in LAYOUTS:
            raise ParameterError("layout", f"one of {', '.join(LAYOUTS)}", self.layout)
        if self.val_fraction + self.test_fraction >= 1:
            raise UsageError(
                "val_fraction and test_fraction to be less than 1 together",
                f"{self.val_fraction} and {self.test_fraction}",
                "leave photos to train on",
            )


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
