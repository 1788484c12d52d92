"""What Prometheus is asked for error budgets."""

import json

from viewfinder_pipelines.objectives.objective_file import Objectives

OBJECTIVE, SPAN, PART = "objective", "span", "part"
"""The labels that say what a series is: availability or latency; window or hour; bad or all."""
AVAILABILITY, LATENCY = "availability", "latency"
WINDOW, HOUR = "window", "hour"
BAD, ALL = "bad", "all"
_HOUR_SECONDS = 3600.0
_STEP_SECONDS = 300.0  # a version that served for less may get another one's requests
_LEAST_STEPS = 12


def write_budget_query(service: str, objectives: Objectives) -> str:
    """Return the expression for the requests of each version, and for those that were bad.

    A pod's counters do not say its version: each step of the window takes the version that the pod
    had then, by `viewfinder_model_info`.

    Args:
        service: The InferenceService's name.
        objectives: What it promises.
    """
    labels = {"inferenceservice": service}
    if objectives.namespace:
        labels["namespace"] = objectives.namespace
    of = ", ".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
    window = 86_400 * objectives.days
    spans = {WINDOW: window, HOUR: min(_HOUR_SECONDS, window)}
    parts = []
    for objective, bad_and_all in _list_counts(of, objectives).items():
        for span, seconds in spans.items():
            for part, counts in zip((BAD, ALL), bad_and_all, strict=True):
                tagged = _sum_by_version(counts, of, seconds)
                for label, value in ((OBJECTIVE, objective), (SPAN, span), (PART, part)):
                    tagged = f'label_replace({tagged}, "{label}", "{value}", "", "")'
                parts.append(tagged)
    return "\nor ".join(parts)


def _list_counts(of: str, objectives: Objectives) -> dict[str, tuple[str, str]]:
    """Return what is bad and what there is, by objective; each to be increased over a step."""
    counts = {}
    if objectives.availability is not None:
        requests = "increase(viewfinder_requests_total{{{of}}}[{step}])"
        bad = requests.replace("{of}", '{of}, outcome=~"busy|failed"')
        counts[AVAILABILITY] = (bad, requests)
    if objectives.latency is not None:
        every = "increase(viewfinder_request_seconds_count{{{of}}}[{step}])"
        fast = every.replace("_count", "_bucket").replace(
            "{of}", '{of}, le=~"' + _write_bound(objectives.latency.seconds) + '"'
        )
        counts[LATENCY] = (f"({every} - on (namespace, pod, instance, protocol) {fast})", every)
    return counts


def _write_bound(seconds: float) -> str:
    """Return a regular expression for a bound, which may be written as 1 or as 1.0."""
    return f"{seconds:g}".replace(".", r"\\.") + r"(\\.0)?"


def _sum_by_version(counts: str, of: str, seconds: float) -> str:
    step = f"{max(1, round(min(_STEP_SECONDS, seconds / _LEAST_STEPS)))}s"
    grown = f"sum by (namespace, pod, instance) ({counts.format(of=of, step=step)})"
    # After a restart, the series of the version before may not have ended yet: the newest counts.
    times = f"max by (namespace, pod, instance, version) (timestamp(viewfinder_model_info{{{of}}}))"
    info = f"(0 * topk by (namespace, pod, instance) (1, {times}) + 1)"
    joined = f"{grown} * on (namespace, pod, instance) group_left (version) {info}"
    return f"sum by (version) (sum_over_time(({joined})[{round(seconds)}s:{step}]))"
