"""The rows of requests, their times and their errors."""

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.alerts import ALERTS
from dashboards.panels import draw_lines, show_number
from dashboards.queries import (
    ERRORS,
    REQUESTS,
    SECONDS,
    Query,
    quantile,
    rate,
    select,
)
from dashboards.subjects import Limit, Subject

# The share of requests that may fail.
OBJECTIVE = ALERTS["ViewfinderErrorBudgetSlow"].limits[0]


def draw_requests() -> list[Builder[Panel]]:
    """Return the requests a second, and how long they took."""
    outcomes = f"sum by (outcome) ({rate('viewfinder_requests_total')})"
    requests = Subject(
        "Requests per second",
        "All requests, and those of each outcome: answered, refused (the client's mistake), busy "
        "(no capacity or no time left), gone (the client went away), failed (a fault of the "
        "server). TensorFlow Serving has only their sum.",
        (Query(select(REQUESTS), "all"), Query(outcomes, "{{outcome}}")),
        units.RequestsPerSecond,
        runbooks=("ViewfinderNoTraffic",),
    )
    times = Subject(
        "Time of a request",
        "From the head of a request to its answer: half of the requests, 95% and 99% took less. "
        "After a cold start, the p99 shows how long the first requests waited. A dot is a single "
        "request whose trace was recorded.",
        (
            Query(select(SECONDS + "p50_5m"), "p50"),
            Query(select(SECONDS + "p95_5m"), "p95"),
            Query(select(SECONDS + "p99_5m", 'server="tensorflow-serving"'), "p99"),
            # Recorded series have no exemplars.
            Query(quantile(0.99, "viewfinder_request_seconds"), "p99", exemplars=True),
        ),
        units.Seconds,
        limits=(Limit("ViewfinderLatencyHigh"),),
    )
    return [draw_lines(requests, span=12), draw_lines(times, span=12)]


def draw_errors() -> list[Builder[Panel]]:
    """Return the share of requests that failed, and what is left of the month's budget."""
    fast, slow = "ViewfinderErrorBudgetFast", "ViewfinderErrorBudgetSlow"
    ratio = Subject(
        "Share of requests that the server could not answer",
        "In several windows. The alert of a line fires if a long window and a short one are above "
        f"it: {slow} for 3 d and 6 h, {fast} for 6 h and 30 min, and for 1 h and 5 min.",
        tuple(
            Query(select(f"{ERRORS}{window}"), window) for window in ("5m", "30m", "1h", "6h", "3d")
        ),
        units.PercentUnit,
        limits=(Limit(slow), Limit(fast, 2), Limit(fast)),
    )
    # Without requests, the share is not a number, and no errors are to be counted.
    failed = f"({select(ERRORS + '5m')} * {select(REQUESTS)} >= 0)"
    used = f"sum_over_time({failed}[30d:5m]) / sum_over_time({select(REQUESTS)}[30d:5m])"
    budget = Subject(
        "Error budget left",
        f"Of the requests of 30 days, or of as many as Prometheus keeps, {OBJECTIVE:.1%} may fail. "
        "Below zero, more have failed.",
        (Query(f"1 - ({used}) / {OBJECTIVE:g}"),),
        units.PercentUnit,
        runbooks=(slow, fast),
    )
    return [draw_lines(ratio, span=18), show_number(budget, span=6, height=8)]
