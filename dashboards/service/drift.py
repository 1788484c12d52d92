"""The row of drift: how far photos and answers are from those of the version's reference."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.panels import draw_lines
from dashboards.queries import DRIFT, DRIFT_BINS, Query, select
from dashboards.subjects import Subject

_ALERT = ("ViewfinderDrift",)
_MEASURE = 'measure="$measure"'


def draw_drift() -> list[Builder[Panel]]:
    """Return the statistics, and the shares of the bins of the chosen measure."""
    present = select(DRIFT_BINS + "share1h", _MEASURE)
    expected = select(DRIFT_BINS + "expected", _MEASURE)
    shares = Subject(
        "Shares in the last hour: $measure",
        "The share of photos in each bin of the chosen measure, by the bin's lower edge, or of "
        "each class. Compare it with the reference's.",
        (Query(_name_edges(present), "version {{version}}: {{above}}"),),
        units.PercentUnit,
        runbooks=_ALERT,
    )
    reference = Subject(
        "Shares of the reference: $measure",
        "The share of the validation photos in the same bins.",
        (Query(_name_edges(expected), "version {{version}}: {{above}}"),),
        units.PercentUnit,
    )
    statistics = [_compare("hour", "1h"), _compare("day", "1d")]
    return [
        *(draw_lines(subject, span=6) for subject in statistics),
        *(draw_lines(subject, span=6, stacked=True) for subject in (shares, reference)),
    ]


def _compare(title: str, window: str) -> Subject:
    ratio = f"{select(DRIFT + 'statistic' + window)} / {select(DRIFT + 'limit')}"
    return Subject(
        f"Drift of the last {title}",
        "How far each measure is from the reference, divided by its limit. Above 1, it has "
        "drifted, and the alert fires if there are enough photos. Versions without a reference, "
        "and TensorFlow Serving, do not tell.",
        (
            Query(ratio, "version {{version}}: {{measure}}"),
            Query("vector(1)", "limit"),
        ),
        runbooks=_ALERT,
    )


def _name_edges(shares: str) -> str:
    """Return shares with the label `above`, which the recorded ones do not have."""
    labels = "namespace, inferenceservice, version, precision, measure, bin"
    edges = select("viewfinder_drift_reference_share", _MEASURE)
    return f"{shares} * on ({labels}) group_left (above) (group by ({labels}, above) ({edges}))"
