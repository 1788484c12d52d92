"""What photos and answers looked like on the validation photos: `drift.json` of a version.

The predictor sorts what it sees into the same bins, and counts. Bins, not values: the counts of
several replicas are added, and no photo can be recognized in them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import check_version, read_object
from viewfinder_components.formats.precision import Precision
from viewfinder_components.whole_files import write_json

SCHEMA_VERSION = 1
DRIFT_REFERENCE = "drift.json"
PHOTO_MEASURES = (
    "brightness",
    "contrast",
    "sharpness",
    "saturation",
    "warmth",
    "tint",
    "pixels",
    "aspect",
    "jpeg_quality",
)
"""What is measured on a photo, whatever the model says."""
PREDICTED = "predicted"
"""The measure whose bins are classes."""
ANSWER_MEASURES = ("confidence", "novelty", PREDICTED)
"""What is measured on an answer, which depends on the precision."""
_MOST_BINS = 1_000
_MOST_PHOTOS = 10**15  # beyond that, a sum of counts is not exact
_REMEDY = "export the model again, and publish it"


@dataclass(frozen=True)
class Measure:
    """The distribution of one measure on the reference photos.

    Attributes:
        name: One of `PHOTO_MEASURES` or `ANSWER_MEASURES`.
        edges: Ascending; bin i has the values from edge i - 1 (included) to edge i (not included).
            For `predicted`, the values are the places of the classes in `bins`, and the edges
            0.5, 1.5 and so on.
        counts: Photos of the reference in each bin, one more than there are edges.
        limit: The statistic above which the measure has drifted.
        bins: For `predicted`, the class of each bin; the last may be empty, for all other classes.
    """

    name: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    limit: float
    bins: tuple[str, ...] = ()

    def place(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of each value, float64 `[n]`; a value that is not a number has the last.

        For `predicted`, give the place of the class in `bins`.
        """
        return np.searchsorted(np.asarray(self.edges), values, side="right")

    @property
    def shares(self) -> NDArray[np.float64]:
        """The expected share of each bin, float64 `[bins]`, none of them 0.

        Half a photo is added to each bin (Jeffreys' prior), because a bin without a photo of the
        reference is rare, not impossible.
        """
        counts = np.asarray(self.counts, np.float64) + 0.5
        shares: NDArray[np.float64] = counts / counts.sum()
        return shares


@dataclass(frozen=True)
class DriftReference:
    """What a version's photos and answers looked like.

    Attributes:
        photos: Number of reference photos.
        false_alarm_rate: Probability that at least one of the measures exceeds its limit in a
            window of photos like those of the reference.
        least_photos: Photos in a window below which nothing is concluded.
        most_photos: A window of more photos is judged as one of this many, because with enough
            photos every small difference would count.
        measures: Those of `PHOTO_MEASURES` that could be measured.
        answers: By the precision of the model, those of `ANSWER_MEASURES`.
    """

    photos: int
    false_alarm_rate: float
    least_photos: int
    most_photos: int
    measures: tuple[Measure, ...]
    answers: Mapping[Precision, tuple[Measure, ...]]

    def of(self, precision: Precision) -> tuple[Measure, ...]:
        """Return all measures for a model of this precision; bf16 has those of f32."""
        return self.measures + self.answers.get(precision, self.answers.get("f32", ()))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the reference of a version.

        Args:
            folder: The version's.

        Returns:
            The reference; None if the version has none.

        Raises:
            PermanentError: It is damaged, or this code does not know its schema version.
        """
        path = folder / DRIFT_REFERENCE
        if not path.exists():
            return None
        values = read_object(path, "a drift reference", _REMEDY)
        check_version(values, SCHEMA_VERSION, path, "export")
        try:
            return cls._parse(values)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            received = repr(error)[:200]
            raise PermanentError(f"a drift reference in {path}", received, _REMEDY) from error

    @classmethod
    def _parse(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            photos=_need_count(values["photos"], 1),
            false_alarm_rate=float(values["false_alarm_rate"]),
            least_photos=_need_count(values["least_photos"], 1),
            most_photos=_need_count(values["most_photos"], 1),
            measures=_parse_measures(values["measures"], PHOTO_MEASURES),
            answers={
                precision: _parse_measures(measures, ANSWER_MEASURES)
                for precision, measures in values["answers"].items()
            },
        )

    def write(self, folder: Path) -> None:
        """Write `drift.json` into a folder that exists."""
        values = {
            "schema_version": SCHEMA_VERSION,
            "photos": self.photos,
            "false_alarm_rate": self.false_alarm_rate,
            "least_photos": self.least_photos,
            "most_photos": self.most_photos,
            "measures": [vars(measure) for measure in self.measures],
            "answers": {
                precision: [vars(measure) for measure in measures]
                for precision, measures in self.answers.items()
            },
        }
        write_json(folder / DRIFT_REFERENCE, values, indent=None)


def _parse_measures(
    values: Iterable[Mapping[str, Any]], names: Sequence[str]
) -> tuple[Measure, ...]:
    measures = tuple(_parse_measure(measure) for measure in values)
    given = [measure.name for measure in measures]
    if not set(given) <= set(names) or len(set(given)) < len(given):
        raise ValueError(f"the measures {given}")
    return measures


def _parse_measure(values: Mapping[str, Any]) -> Measure:
    measure = Measure(
        name=str(values["name"]),
        edges=tuple(float(edge) for edge in values["edges"]),
        counts=tuple(_need_count(count, 0) for count in values["counts"]),
        limit=float(values["limit"]),
        bins=tuple(_need_text(name) for name in values["bins"]),
    )
    if not len(measure.edges) + 1 == len(measure.counts) <= _MOST_BINS:
        raise ValueError(f"the bins of {measure.name}")
    if len(measure.bins) != (len(measure.counts) if measure.name == PREDICTED else 0):
        raise ValueError(f"the names of the bins of {measure.name}")
    if list(measure.edges) != sorted(set(measure.edges)) or not np.isfinite(measure.edges).all():
        raise ValueError(f"the edges of {measure.name}")
    if not 0 < measure.limit < np.inf:
        raise ValueError(f"the limit of {measure.name}")
    return measure


def _need_count(value: Any, least: int) -> int:
    count = int(value)
    if not least <= count <= _MOST_PHOTOS:
        raise ValueError(f"{value!r:.80} photos")
    return count


def _need_text(value: Any) -> str:
    text = str(value)
    text.encode()  # half a surrogate pair would make all metrics unreadable
    return text
