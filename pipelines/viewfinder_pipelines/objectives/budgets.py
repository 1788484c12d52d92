"""How much of its error budgets a service has used, by version.

The budget of an objective of share s is the part 1 - s of all requests in the window. A burn rate
of 1 uses up the budget in exactly the window: see [The Site Reliability Workbook, chapter
5](https://sre.google/workbook/alerting-on-slos/).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_pipelines.objectives import budget_query
from viewfinder_pipelines.objectives.objective_file import Objectives
from viewfinder_pipelines.watching.page import NotNow
from viewfinder_pipelines.watching.prometheus_api import PrometheusApi, Series
from viewfinder_pipelines.watching.samples import rank_version

_Counts = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class VersionUse:
    """What one version has used of an error budget."""

    version: str
    """The version."""
    requests: float
    """Its requests in the window; Prometheus estimates them, so they are no whole number."""
    bad: float
    """Of these, those that broke the objective."""
    used: float
    """The part of the service's budget that they are; more than 1 if they exceed it."""
    burn_rate: float | None
    """How many times as fast as allowed it used the budget while it served; None without
    requests."""
    burn_rate_1h: float | None
    """The same in the last hour; None without requests in it."""


@dataclass(frozen=True)
class ErrorBudget:
    """One objective of a service, and what is left of its budget."""

    service: str
    """The InferenceService."""
    objective: str
    """`availability` or `latency`."""
    target: float
    """The share of requests that are to be good."""
    seconds: float | None
    """For latency, the time within which a request is good."""
    days: float
    """The window."""
    requests: float
    """All requests in it."""
    left: float
    """The part of the budget that is left; below 0 if it is exceeded."""
    versions: tuple[VersionUse, ...]
    """Who has used the rest, by their numbers."""


def read_budgets(api: PrometheusApi, service: str, objectives: Objectives) -> list[ErrorBudget]:
    """Return the error budgets of a service; none if Prometheus has no series of it.

    Args:
        api: Which Prometheus to ask.
        service: The InferenceService's name.
        objectives: What it promises.

    Raises:
        PermanentError: There is something else at the address.
        TransientError: Prometheus does not answer.
    """
    try:
        found = api.query(budget_query.write_budget_query(service, objectives))
    except NotNow as error:
        raise TransientError(
            f"error budgets from Prometheus at {api.name}", str(error), "try again"
        ) from error
    if not found:
        return []
    budgets = []
    if objectives.availability is not None:
        counts = _group(found, budget_query.AVAILABILITY)
        budgets.append(_add_up(service, objectives, counts, objectives.availability, None))
    if objectives.latency is not None:
        counts = _group(found, budget_query.LATENCY)
        latency = objectives.latency
        budgets.append(_add_up(service, objectives, counts, latency.share, latency.seconds))
    return budgets


def explain_no_budgets(api: PrometheusApi, service: str) -> PermanentError:
    """Return the error for a service of which Prometheus has no series."""
    return PermanentError(
        f"series of {service} in Prometheus at {api.name}",
        "none",
        "correct its name or namespace in the file of objectives, or let Prometheus read its "
        "predictors (docs/monitoring.md)",
    )


def _group(found: Sequence[Series], objective: str) -> Mapping[str, _Counts]:
    """Return the counts of an objective by version, and by span and part."""
    counts: defaultdict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for labels, value, _ in found:
        if labels.get(budget_query.OBJECTIVE) == objective and math.isfinite(value):
            place = labels.get(budget_query.SPAN, ""), labels.get(budget_query.PART, "")
            counts[labels.get("version", "")][place] = value
    return counts


def _add_up(
    service: str,
    objectives: Objectives,
    counts: Mapping[str, _Counts],
    target: float,
    seconds: float | None,
) -> ErrorBudget:
    every = (budget_query.WINDOW, budget_query.ALL)
    requests = sum(of.get(every, 0.0) for of in counts.values())
    allowed = (1 - target) * requests
    versions = tuple(
        _describe(version, counts[version], allowed, 1 - target)
        for version in sorted(counts, key=rank_version)
    )
    return ErrorBudget(
        service=service,
        objective=budget_query.AVAILABILITY if seconds is None else budget_query.LATENCY,
        target=target,
        seconds=seconds,
        days=objectives.days,
        requests=requests,
        left=1 - sum(one.used for one in versions),
        versions=versions,
    )


def _describe(version: str, counts: _Counts, allowed: float, share: float) -> VersionUse:
    bad, requests, bad_1h, requests_1h = (
        counts.get((span, part), 0.0)
        for span in (budget_query.WINDOW, budget_query.HOUR)
        for part in (budget_query.BAD, budget_query.ALL)
    )
    return VersionUse(
        version=version,
        requests=requests,
        bad=bad,
        used=bad / allowed if allowed else 0.0,
        burn_rate=bad / requests / share if requests else None,
        burn_rate_1h=bad_1h / requests_1h / share if requests_1h else None,
    )
