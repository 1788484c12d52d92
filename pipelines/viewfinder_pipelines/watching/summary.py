"""Figures from the samples of predictors."""

from collections.abc import Mapping
from datetime import UTC, datetime

from viewfinder_pipelines.watching.figures import ServingFigures, ServingReplica
from viewfinder_pipelines.watching.quantiles import histogram_quantile
from viewfinder_pipelines.watching.samples import Samples, add_up, find_labels, group, total

_REQUESTS = "viewfinder_requests_total"


def summarize(
    rates: Mapping[str, Samples], now: Mapping[str, Samples], problems: Mapping[str, str]
) -> ServingFigures:
    """Return the figures of several predictors.

    Args:
        rates: How much the counters of each that answers grow a second, by address; empty as long
            as that is not known.
        now: What each that answers says, by address.
        problems: Why the others do not answer, by address.
    """
    grown, said = add_up(rates.values()), add_up(now.values())
    replicas = [_describe(name, rates.get(name, {}), now[name]) for name in now]
    replicas += [ServingReplica(name, problem) for name, problem in problems.items()]
    buckets = _read_buckets(grown)
    photos = total(grown, "viewfinder_predictions_total")
    classes = group(grown, "viewfinder_predictions_total", "predicted") if photos else {}
    return ServingFigures(
        datetime.now(UTC),
        requests_per_second=_count_requests(grown),
        outcomes=group(grown, _REQUESTS, "outcome"),
        p50_seconds=histogram_quantile(0.5, buckets),
        p95_seconds=histogram_quantile(0.95, buckets),
        p99_seconds=histogram_quantile(0.99, buckets),
        busy_share=_divide(
            total(grown, "viewfinder_busy_seconds_total"), total(said, "viewfinder_threads")
        ),
        in_flight=total(said, "viewfinder_requests_in_flight"),
        waiting=total(said, "viewfinder_requests_waiting"),
        limit=total(said, "viewfinder_requests_limit"),
        queue_seconds=_mean(grown, "viewfinder_queue_seconds"),
        decode_seconds=_mean(grown, "viewfinder_decode_seconds"),
        inference_seconds=_mean(grown, "viewfinder_inference_seconds"),
        photos_per_second=total(grown, "viewfinder_photos_total"),
        refused_photos=group(grown, "viewfinder_photos_refused_total", "kind"),
        classes=sort_shares({name: rate / (photos or 1) for name, rate in classes.items()}),
        confidence=_mean(grown, "viewfinder_confidence"),
        replicas=tuple(sorted(replicas, key=lambda one: one.address)),
    )


def sort_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """Return shares, the largest first, without those that are 0."""
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    return {name: share for name, share in ordered if share > 0}


def _describe(address: str, rates: Samples, now: Samples) -> ServingReplica:
    info = find_labels(now, "viewfinder_model_info")
    return ServingReplica(
        address,
        is_ready=total(now, "viewfinder_ready") == 1,
        model=info.get("model", ""),
        version=info.get("version", ""),
        precision=info.get("precision", ""),
        digest=info.get("digest", ""),
        requests_per_second=_count_requests(rates),
        start_seconds=total(now, "viewfinder_start_seconds") or None,  # 0 until it is ready
        load_seconds=total(now, "viewfinder_model_load_seconds") or None,
        memory_bytes=total(now, "viewfinder_container_memory_bytes"),
        memory_limit_bytes=total(now, "viewfinder_container_memory_limit_bytes"),
        throttled_share=_divide(
            total(rates, "viewfinder_container_cpu_throttled_periods_total"),
            total(rates, "viewfinder_container_cpu_periods_total"),
        ),
    )


def _count_requests(rates: Samples) -> float | None:
    """Return the requests a second; before the first request, there is no series to count."""
    return (total(rates, _REQUESTS) or 0.0) if rates else None


def _read_buckets(rates: Samples) -> dict[float, float]:
    by_bound = group(rates, "viewfinder_request_seconds_bucket", "le")
    return {float(bound): rate for bound, rate in by_bound.items()}


def _mean(rates: Samples, histogram: str) -> float | None:
    return _divide(total(rates, f"{histogram}_sum"), total(rates, f"{histogram}_count"))


def _divide(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
