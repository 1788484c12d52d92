"""What a batch prediction reports."""

from dataclasses import dataclass

OK, UNREADABLE, IGNORED = STATUSES = ("ok", "unreadable", "ignored")
"""What became of a file: classified, a photo that could not be, or clearly not a photo. The last
two mean the same in the validate step's index."""


@dataclass(frozen=True)
class BatchPrediction:
    """A finished batch prediction.

    Attributes:
        path: Where the predictions are: a path or a URI.
        model_version: The version that classified the photos, such as `fruit/3`.
        counts: Number of files by status: `ok`, `unreadable` and `ignored`.
        seconds: How long this run took; 0 if the predictions were there already.
        resumed: Number of files in parts that shards, or earlier, interrupted runs had finished.
        rate: Photos classified per second by this run; 0 if there were none left.
    """

    path: str
    model_version: str
    counts: dict[str, int]
    seconds: float
    resumed: int
    rate: float

    @property
    def is_complete(self) -> bool:
        """Whether every photo was classified; files that are clearly not photos do not count."""
        return not self.counts[UNREADABLE]

    @property
    def summary(self) -> str:
        """One line with the counts and the rate."""
        counts = f"{self.counts[OK]:,} classified by {self.model_version}"
        counts += f", {self.counts[UNREADABLE]:,} unreadable, {self.counts[IGNORED]:,} ignored"
        earlier = f"; {_were_done(self.resumed)}" if self.resumed else ""
        pace = f"; {self.seconds:.1f} s, {self.rate:,.0f} photos/s" if self.rate else ""
        return f"{counts}{earlier}{pace}"

    @property
    def metrics(self) -> dict[str, float]:
        """The counts, and the rate (`photos_per_second`) unless there were no photos left."""
        return {**self.counts, **({"photos_per_second": self.rate} if self.rate else {})}


def _were_done(files: int) -> str:
    return f"{files:,} {'file was' if files == 1 else 'files were'} already done"
