"""The row of the model that is served."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.panels import show_number
from dashboards.queries import Query, select
from dashboards.subjects import Limit, Subject
from dashboards.tables import Column, show_table

_LABELS = ("pod", "model", "version", "precision", "labels", "run_id", "digest")


def draw_model() -> list[Builder[Panel]]:
    """Return which model each pod serves, and its age."""
    info = f"group by ({', '.join(_LABELS)}) ({select('viewfinder_model_info')})"
    first, *others = _LABELS
    served = show_table(
        "Served model",
        "The model of each pod. Two versions mean that a roll-out is under way. The digest stands "
        "for all files of a version. TensorFlow Serving does not tell.",
        [Column(first, query=info, label=first), *(Column(one, label=one) for one in others)],
        span=20,
    )
    created = select("viewfinder_model_created_timestamp_seconds")
    age = Subject(
        "Age of the model",
        "Since the oldest version that is served was exported.",
        (Query(f"time() - min({created})"),),
        units.Seconds,
        limits=(Limit("ViewfinderModelStale"),),
    )
    return [served, show_number(age, span=4, height=8)]
