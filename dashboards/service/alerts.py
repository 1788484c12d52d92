"""The row of alerts."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.alerts import RUNBOOK
from dashboards.panels import show_states
from dashboards.queries import FIRING, Query, select, select_deployments
from dashboards.subjects import Subject
from dashboards.tables import Column, show_table


def draw_alerts() -> list[Builder[Panel]]:
    """Return when alerts fired, and which do now."""
    # The alert of a roll-out has the name of a Deployment, not that of the service.
    firing = f"{select('ALERTS', FIRING)} or {select_deployments('ALERTS', FIRING)}"
    over_time = Subject(
        "Alerts",
        "When which alert fired.",
        (Query(f"group by (alertname) ({firing})", "{{alertname}}"),),
    )
    now = show_table(
        "Firing now",
        "The alerts that fire, and of which pod if it is about one. The runbook says what to do.",
        [
            Column(
                "alert",
                query=f"group by (alertname, severity, pod) ({firing})",
                label="alertname",
                link=RUNBOOK,
            ),
            Column("severity", label="severity"),
            Column("pod", label="pod"),
        ],
        span=10,
    )
    return [show_states(over_time, span=14), now]
