"""The parts of queries: which series, and what is asked of their histograms and counters.

The windows are those of the recorded series and of the alerts, so that a panel shows what fires.
"""

from dataclasses import dataclass

REQUESTS = "inferenceservice:viewfinder_requests:rate5m"
ERRORS = "inferenceservice:viewfinder_errors:ratio_rate"  # and a window
SECONDS = "inferenceservice:viewfinder_request_seconds:"  # and a quantile
BUSY = "inferenceservice:viewfinder_busy:ratio5m"
WAITING = "inferenceservice:viewfinder_requests_waiting:avg5m"
SHARES = "inferenceservice_predicted:viewfinder_predictions:share1h"
CONFIDENCE = "inferenceservice:viewfinder_confidence:mean1h"
DRIFT = "inferenceservice_measure:viewfinder_drift:"  # and what, and a window
DRIFT_BINS = "inferenceservice_measure_bin:viewfinder_drift:"  # and what

# Which series: those of the chosen service, or of all in the chosen namespaces.
SERVICE = 'namespace="$namespace", inferenceservice="$service"'
FLEET = 'namespace=~"$namespace", inferenceservice!=""'
PREDICTORS = 'job=~"(.+/)?viewfinder-predictor"'
FIRING = 'alertname=~"Viewfinder.+", alertstate="firing"'


@dataclass(frozen=True)
class Query:
    """A query of a panel."""

    expression: str
    legend: str = ""
    """The name of its series, with labels as in `{{pod}}`"""
    exemplars: bool = False
    """Whether to ask for the traces of single requests as well"""


def select(series: str, more: str = "", chosen: str = SERVICE) -> str:
    """Return a selector of chosen series for which `more` holds as well."""
    return f"{series}{{{', '.join(filter(None, [chosen, more]))}}}"


def select_deployments(series: str, more: str = "") -> str:
    """Return a selector by the names that KServe gives Deployments in either of its modes."""
    name = 'deployment=~"$service-predictor(-[0-9]+-deployment)?"'
    return select(series, more, f'namespace="$namespace", {name}')


def rate(counter: str, chosen: str = SERVICE, window: str = "5m") -> str:
    """Return how much a counter grows in a second."""
    return f"rate({select(counter, chosen=chosen)}[{window}])"


def quantile(share: float, histogram: str, window: str = "5m") -> str:
    """Return the value below which this share of the service's measurements lies."""
    return (
        f"histogram_quantile({share}, sum by (le) ({rate(histogram + '_bucket', window=window)}))"
    )


def mean(histogram: str) -> str:
    """Return the mean of the service's measurements."""
    return f"sum({rate(histogram + '_sum')}) / sum({rate(histogram + '_count')})"


def throttled_share(chosen: str) -> str:
    """Return in which share of the scheduler's periods a pod used up its limit."""
    stopped = rate("viewfinder_container_cpu_throttled_periods_total", chosen)
    return f"{stopped} / {rate('viewfinder_container_cpu_periods_total', chosen)}"


def memory_share(chosen: str) -> str:
    """Return which share of its limit a pod's memory is."""
    used = select("viewfinder_container_memory_bytes", chosen=chosen)
    return f"{used} / {select('viewfinder_container_memory_limit_bytes', chosen=chosen)}"


def count_restarts(chosen: str) -> str:
    """Return how often a pod's container was started again in an hour."""
    return f"changes({select('process_start_time_seconds', PREDICTORS, chosen)}[1h])"
