"""What a panel shows: its words, its queries, and the limits of alerts."""

from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard, units
from grafana_foundation_sdk.models.dashboard import DataSourceRef, Threshold, ThresholdsMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.alerts import ALERTS
from dashboards.queries import Query

COLOURS = {"critical": "red", "warning": "orange", "info": "blue"}
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True)
class Limit:
    """A limit of an alert."""

    alert: str
    number: int = 0
    """Which of the numbers in the alert's expression"""


@dataclass(frozen=True)
class Subject:
    """What a panel shows."""

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = units.Short
    limits: tuple[Limit, ...] = ()
    runbooks: tuple[str, ...] = ()
    """Alerts whose instructions help, besides those of `limits`"""

    def ask(self) -> list[Builder[variants.Dataquery]]:
        """Return the queries for values over time."""
        return [_ask(query, number).range() for number, query in enumerate(self.queries)]

    def ask_now(
        self, answer: PromQueryFormat = PromQueryFormat.TIME_SERIES
    ) -> list[Builder[variants.Dataquery]]:
        """Return the queries for the present values."""
        return [
            _ask(query, number).instant().format(answer)
            for number, query in enumerate(self.queries)
        ]

    def link(self) -> list[Builder[dashboard.DashboardLink]]:
        """Return links to what the runbook says about the alerts."""
        names = dict.fromkeys([*(limit.alert for limit in self.limits), *self.runbooks])
        return [
            DashboardLink(f"Runbook: {name}").url(ALERTS[name].runbook).target_blank(True)
            for name in names
        ]


def mark_limits(limits: tuple[Limit, ...], base: str) -> ThresholdsConfig:
    """Return the limits in the colours of their alerts' severities; below them, `base`."""
    alerts = [(ALERTS[limit.alert], limit.number) for limit in limits]
    steps = sorted((alert.limits[number], COLOURS[alert.severity]) for alert, number in alerts)
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, base), *(Threshold(value, colour) for value, colour in steps)])
    )


def _ask(query: Query, number: int) -> Dataquery:
    asked = Dataquery().ref_id(ascii_uppercase[number]).expr(query.expression)
    if query.legend:
        asked.legend_format(query.legend)
    if query.exemplars:
        asked.exemplar(True)
    return asked
