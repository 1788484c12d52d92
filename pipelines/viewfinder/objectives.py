"""Service level objectives: how much of their error budgets the versions have used."""

import logging
from collections.abc import Sequence
from pathlib import Path

from viewfinder.arguments import checked
from viewfinder_components.errors import UsageError
from viewfinder_pipelines.objectives.budgets import ErrorBudget, VersionUse
from viewfinder_pipelines.objectives.objective_file import DEFAULT_FILE, read_objectives

__all__ = ["ErrorBudget", "VersionUse", "read_error_budgets"]

_log = logging.getLogger(__name__)


@checked
def read_error_budgets(
    prometheus: str, services: Sequence[str] | None = None, *, file: str | Path | None = None
) -> list[ErrorBudget]:
    """Return the error budgets of services, and what each version has used of them.

    Args:
        prometheus: URL of a Prometheus that reads the predictors.
        services: Services of the file; None for all of which Prometheus has series. For each of
            the others, a warning is logged.
        file: The objectives (docs/slo.md); None for `slo.toml` in the working directory.

    Returns:
        One for each objective, in the file's order.

    Raises:
        UsageError: The file or the URL cannot be used, or the file lacks a service.
        PermanentError: Prometheus has no series of a service that was named, or of any, or there is
            something else at the address.
        TransientError: Prometheus does not answer.
    """
    from viewfinder_pipelines.objectives.budgets import explain_no_budgets, read_budgets
    from viewfinder_pipelines.watching.prometheus_api import open_api

    path = DEFAULT_FILE if file is None else Path(file)
    objectives = read_objectives(path)
    chosen = list(objectives) if services is None else list(services)
    for service in chosen:
        if service not in objectives:
            raise UsageError(
                f"a service of {path}: {', '.join(objectives)}", service, "name one of these"
            )
    with open_api(prometheus) as api:
        found = {service: read_budgets(api, service, objectives[service]) for service in chosen}
        missing = [explain_no_budgets(api, name) for name, budgets in found.items() if not budgets]
    if missing and (services is not None or len(missing) == len(found)):
        raise missing[0]
    for error in missing:
        _log.warning("%s", error)
    return [budget for budgets in found.values() for budget in budgets]
