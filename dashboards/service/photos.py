"""The row of photos and of what the model says about them."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.panels import draw_lines
from dashboards.queries import CONFIDENCE, SHARES, Query, quantile, rate, select
from dashboards.subjects import Subject


def draw_photos() -> list[Builder[Panel]]:
    """Return the photos, the refused ones, the classes and the confidence."""
    refused = f"sum by (kind) ({rate('viewfinder_photos_refused_total')})"
    photos = Subject(
        "Photos per second",
        "Photos that were answered, and photos that could not be used, by kind of trouble.",
        (
            Query(f"sum({rate('viewfinder_photos_total')})", "answered"),
            Query(refused, "refused: {{kind}}"),
        ),
        units.OpsPerSecond,
    )
    classes = Subject(
        "Predicted classes in the last hour",
        "The share of each class in the predictions. A change means other photos or another model.",
        (Query(select(SHARES), "{{predicted}}"),),
        units.PercentUnit,
    )
    low = quantile(0.1, "viewfinder_confidence", window="1h")
    confidence = Subject(
        "Confidence in the last hour",
        "The probability of the predicted class: the mean, and what a tenth of the photos stay "
        "below. A fall may mean photos unlike those of the training.",
        (Query(select(CONFIDENCE), "mean"), Query(low, "lowest tenth")),
        units.PercentUnit,
    )
    return [
        draw_lines(photos, span=8),
        draw_lines(classes, span=8, stacked=True),
        draw_lines(confidence, span=8),
    ]
