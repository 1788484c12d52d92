"""The receiver's own metrics."""

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge

from viewfinder_pipelines.retraining.state import START_STATES

_STATES = ["none", *START_STATES]


class Figures:
    """The metrics of one receiver, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.started = Counter(
            "viewfinder_retraining_runs",
            "Runs that were started, by model and reason (alert or data).",
            ("model", "reason"),
            registry=self.registry,
        )
        self.refused = Counter(
            "viewfinder_retraining_refused",
            "Alerts that started no run, by model and cause: unmatched, repeated, running, "
            "interval. Of an unmatched alert, the model is empty.",
            ("model", "cause"),
            registry=self.registry,
        )
        self.failed = Counter(
            "viewfinder_retraining_failures",
            "Attempts that failed, by model and kind: start, read or list.",
            ("model", "kind"),
            registry=self.registry,
        )
        self.last_start = Gauge(
            "viewfinder_retraining_last_start_timestamp_seconds",
            "When the last run of the model was decided on.",
            ("model",),
            registry=self.registry,
        )
        self.last_run = Enum(
            "viewfinder_retraining_last_run",
            "The state of the model's last run.",
            ("model",),
            states=_STATES,
            registry=self.registry,
        )
        self.new_photos = Gauge(
            "viewfinder_retraining_new_photos",
            "New labelled photos since the last run.",
            ("model",),
            registry=self.registry,
        )
