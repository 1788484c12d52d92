"""The dashboard of all services: the worst of each measure, and a table."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.board import add_row, choose_label, start_board
from dashboards.panels import draw_lines, show_number
from dashboards.queries import (
    BUSY,
    ERRORS,
    FIRING,
    FLEET,
    PREDICTORS,
    REQUESTS,
    SECONDS,
    WAITING,
    Query,
    memory_share,
    select,
    throttled_share,
)
from dashboards.service import UID as SERVICE_UID
from dashboards.subjects import Limit, Subject
from dashboards.tables import Column, show_table

_SERVICE = "namespace, inferenceservice"
_RUNNING = select("up", PREDICTORS, FLEET)
_REQUESTS = select(REQUESTS, chosen=FLEET)
_ERRORS = select(ERRORS + "1h", chosen=FLEET)
_P99 = select(SECONDS + "p99_5m", chosen=FLEET)
_BUSY = select(BUSY, chosen=FLEET)
_WAITING = select(WAITING, chosen=FLEET)
_MEMORY = memory_share(FLEET)
_THROTTLED = throttled_share(FLEET)
_AGE = f"time() - {select('viewfinder_model_created_timestamp_seconds', chosen=FLEET)}"
_BUDGET = (Limit("ViewfinderErrorBudgetSlow"), Limit("ViewfinderErrorBudgetFast"))
_LATENCY = (Limit("ViewfinderLatencyHigh"),)
_BUSIEST = (Limit("ViewfinderSaturated"),)
_QUEUED = (Limit("ViewfinderSaturated", 1),)
_FULL = (Limit("ViewfinderMemoryHigh"),)
_SLOWED = (Limit("ViewfinderThrottled"),)
_OLD = (Limit("ViewfinderModelStale"),)
# The alert of a roll-out has the name of a Deployment, not that of the service.
_FIRING = select("ALERTS", FIRING, chosen='namespace=~"$namespace"')
_LINK = (
    f"/d/{SERVICE_UID}?var-datasource=${{datasource}}&var-namespace=${{__data.fields.namespace}}"
    "&var-service=${__value.raw}"
)


def build_fleet() -> Dashboard:
    """Return the dashboard."""
    board = start_board(
        "Viewfinder: all services",
        "viewfinder-fleet",
        "The worst value of each measure, and all services. Figures are those of the last five "
        "minutes unless a panel says otherwise; colours are those of the alerts' limits.",
    )
    everywhere = select("up", PREDICTORS, 'inferenceservice!=""')
    namespaces = choose_label("namespace", "Namespaces", everywhere, "namespace")
    board.with_variable(namespaces.multi(True).include_all(True).all_value(".*"))
    add_row(board, "The worst of all services", _show_worst())
    add_row(board, "All services", [_show_services()])
    add_row(board, "The ten highest", _draw_highest())
    return board


def _show_worst() -> list[Builder[Panel]]:
    shown = (
        Subject(
            "Services",
            "Services that have pods.",
            (Query(f"count({_by_service('group', _RUNNING)}) or vector(0)"),),
            runbooks=("ViewfinderTargetAbsent",),
        ),
        Subject("Alerts", "Alerts that fire.", (Query(f"count({_FIRING}) or vector(0)"),)),
        Subject(
            "Requests per second",
            "Of all services together.",
            (Query(f"sum({_REQUESTS})"),),
            units.RequestsPerSecond,
        ),
        Subject(
            "Highest share of errors",
            "Requests that a server could not answer in the last hour.",
            (Query(f"max({_ERRORS})"),),
            units.PercentUnit,
            _BUDGET,
        ),
        Subject(
            "Highest p99",
            "99% of a service's requests took less.",
            (Query(f"max({_P99})"),),
            units.Seconds,
            _LATENCY,
        ),
        Subject(
            "Busiest service",
            "The share of its threads in use.",
            (Query(f"max({_BUSY})"),),
            units.PercentUnit,
            _BUSIEST,
        ),
        Subject(
            "Fullest memory",
            "The share of its limit that a pod uses.",
            (Query(f"max({_MEMORY})"),),
            units.PercentUnit,
            _FULL,
        ),
        Subject(
            "Oldest model",
            "Since a version that is served was exported.",
            (Query(f"max({_AGE})"),),
            units.Seconds,
            _OLD,
        ),
    )
    return [show_number(subject, span=3) for subject in shown]


def _show_services() -> Builder[Panel]:
    servers = f"group by ({_SERVICE}, server) ({_REQUESTS})"
    info = select("viewfinder_model_info", chosen=FLEET)
    firing = f"count by ({_SERVICE}) ({select('ALERTS', FIRING, chosen=FLEET)})"
    none = f"0 * {_by_service('group', _RUNNING)}"
    return show_table(
        "Services",
        "A click on a name leads to all about a service. The versions of a roll-out have a row "
        "each. TensorFlow Serving does not tell its version, nor the columns from `busy` on.",
        [
            Column("namespace", label="namespace"),
            Column("service", label="inferenceservice", link=_LINK),
            Column("server", query=servers, label="server"),
            Column("version", query=f"group by ({_SERVICE}, version) ({info})", label="version"),
            Column("alerts firing", query=f"{firing} or {none}", unit=units.Short),
            Column("pods", query=_by_service("sum", _RUNNING), unit=units.Short),
            Column("requests", query=_by_service("sum", _REQUESTS), unit=units.RequestsPerSecond),
            _show_highest("errors in 1 h", _ERRORS, units.PercentUnit, _BUDGET),
            _show_highest("p99", _P99, units.Seconds, _LATENCY),
            _show_highest("busy", _BUSY, units.PercentUnit, _BUSIEST),
            _show_highest("waiting", _WAITING, units.Short, _QUEUED),
            _show_highest("memory", _MEMORY, units.PercentUnit, _FULL),
            _show_highest("throttled", _THROTTLED, units.PercentUnit, _SLOWED),
            _show_highest("age of the model", _AGE, units.Seconds, _OLD),
        ],
        span=24,
    )


def _show_highest(title: str, series: str, unit: str, limits: tuple[Limit, ...]) -> Column:
    return Column(title, query=_by_service("max", series), unit=unit, limits=limits)


def _draw_highest() -> list[Builder[Panel]]:
    name = "{{namespace}}/{{inferenceservice}}"
    shown = (
        ("Requests per second", _REQUESTS, units.RequestsPerSecond, ()),
        ("Share of errors in the last hour", _ERRORS, units.PercentUnit, _BUDGET),
        ("p99 of a request", _P99, units.Seconds, _LATENCY),
        ("Share of the threads in use", _BUSY, units.PercentUnit, _BUSIEST),
    )
    return [
        draw_lines(
            Subject(
                title,
                "The ten services with the highest values at each moment.",
                (Query(f"topk(10, {_by_service('max', series)})", name),),
                unit,
                limits,
            ),
            span=12,
        )
        for title, series, unit, limits in shown
    ]


def _by_service(aggregate: str, series: str) -> str:
    return f"{aggregate} by ({_SERVICE}) ({series})"
