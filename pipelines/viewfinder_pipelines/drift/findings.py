"""What was found about drift: of a served model, of each version, of each measure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewfinder_components.whole_files import write_text
from viewfinder_components.writing import need_file_or_nothing, writing

if TYPE_CHECKING:
    import pyarrow as pa


_WEIGHTS = {True: 3, False: -1, None: 0}


@dataclass(frozen=True)
class DriftPoint:
    """The photos shortly before one time, compared with the reference."""

    time: datetime
    """The end of the photos' time."""
    statistic: float
    """As in `MeasureDrift`."""
    has_drifted: bool | None
    """Whether the statistic exceeded the limit; None if there were too few photos to say."""


@dataclass(frozen=True)
class MeasureDrift:
    """One measure: what was expected, and what came."""

    name: str
    """The measure's name, such as `brightness`."""
    precision: str
    """That of the model whose answers are measured; empty for what is measured on photos."""
    title: str
    """What people call it."""
    photos: int
    """Photos measured."""
    statistic: float
    """How far they are from the reference, at least 0; docs/drift.md has the formula."""
    limit: float
    """The statistic above which the measure has drifted."""
    moved: float
    """Share of the photos that would have to be in other bins to agree with the reference."""
    has_drifted: bool
    """Whether there are enough photos and the statistic exceeds the limit."""
    sentence: str
    """What has changed, in words."""
    causes: str
    """What such a change usually comes from; empty if that is not known."""
    bins: tuple[str, ...]
    """The values of each bin in words; for `predicted`, the classes."""
    edges: tuple[float, ...]
    """Between the bins; empty for `predicted`."""
    expected: tuple[float, ...]
    """Share of the reference's photos in each bin."""
    present: tuple[float, ...]
    """Share of the photos in each bin; all are 0 without photos."""
    timeline: tuple[DriftPoint, ...] = ()
    """How it came about; empty if Prometheus was not asked."""

    @property
    def times_limit(self) -> float:
        """The statistic, as a multiple of the limit."""
        return self.statistic / self.limit

    @property
    def since(self) -> datetime | None:
        """Since when the measure has been beyond its limit; None if it never was.

        A point can be beyond the limit by chance, and a point of a slight drift within it. So it is
        the beginning of the part of the timeline with the largest sum, if points beyond the limit
        count 3 and others -1: a part in which more than a quarter of the points are beyond it.
        """
        points = self._find_spell()
        return points[0].time if points else None

    @property
    def until(self) -> datetime | None:
        """The last point of that part; None if it lasts until the end of the timeline."""
        points = self._find_spell()
        judged = [point for point in self.timeline if point.has_drifted is not None]
        return points[-1].time if points and points[-1] is not judged[-1] else None

    def _find_spell(self) -> tuple[DriftPoint, ...]:
        """Return the part of the largest sum (Kadane's algorithm), the latest of equal ones."""
        most, best, total, first = 0, (0, 0), 0, 0
        for place, point in enumerate(self.timeline):
            if total <= 0:
                total, first = 0, place
            total += _WEIGHTS[point.has_drifted]
            if point.has_drifted and total >= most:
                most, best = total, (first, place + 1)
        return self.timeline[slice(*best)]


@dataclass(frozen=True)
class VersionDrift:
    """The photos of one version."""

    version: str
    """Its number."""
    photos: int = 0
    """Photos that were measured."""
    reference_photos: int = 0
    """Photos of the reference."""
    least_photos: int = 0
    """Photos below which nothing is concluded."""
    most_photos: int = 0
    """More photos are judged as this many."""
    measures: tuple[MeasureDrift, ...] = ()
    """The farthest beyond its limit first."""
    problems: tuple[str, ...] = ()
    """Why nothing, or nothing about some measures, can be said; sentences."""

    @property
    def drifted(self) -> tuple[MeasureDrift, ...]:
        """The measures that have drifted."""
        return tuple(one for one in self.measures if one.has_drifted)

    @property
    def has_too_few(self) -> bool:
        """Whether there are too few photos to conclude anything."""
        return self.photos < self.least_photos


@dataclass(frozen=True)
class Drift:
    """Whether the photos of a served model have drifted."""

    name: str
    """The model's name, or the InferenceService's; may be empty."""
    source: str
    """What was read, in words."""
    end: datetime
    """The end of the photos' time."""
    start: datetime | None
    """Its beginning; None if the predictors do not say when they were started."""
    versions: tuple[VersionDrift, ...]
    """Every version that was served in the meantime, the newest first."""
    unread: dict[str, str] = field(default_factory=dict)
    """Predictors that did not answer, and why."""
    step: timedelta | None = None
    """From one point of the timelines to the next; None without timelines."""
    stretch: timedelta | None = None
    """Each point is about the photos of this time before it."""

    @property
    def has_drifted(self) -> bool:
        """Whether a measure of a version has drifted."""
        return any(one.drifted for one in self.versions)

    @property
    def html(self) -> str:
        """The findings as one self-contained page."""
        from viewfinder_pipelines.drift.page import render_drift

        return render_drift(self)

    def save(self, path: str | Path) -> None:
        """Write the page.

        Args:
            path: The file; folders above it are created.

        Raises:
            PermanentError: It cannot be written.
        """
        page, remedy = Path(path), "name another file"
        need_file_or_nothing(page, remedy)
        with writing(page.parent, "the page", remedy):
            write_text(page, self.html)

    def to_table(self) -> "pa.Table":
        """Return a row for each measure of each version, as an Arrow table.

        The columns are `version`, and of `MeasureDrift` `name`, `precision`, `photos`,
        `statistic`, `limit`, `moved`, `has_drifted`, `since` and `sentence`.
        """
        from viewfinder_pipelines.drift.tables import tabulate

        return tabulate(self)

    def to_json(self) -> dict[str, Any]:
        """Return the findings as JSON's types; docs/drift.md describes them."""
        from viewfinder_pipelines.drift.drift_json import drift_to_json

        return drift_to_json(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from viewfinder_pipelines.results.report import show_in_frame

        return show_in_frame(self.html, "Drift")
