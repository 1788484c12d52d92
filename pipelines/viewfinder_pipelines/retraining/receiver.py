"""Decide which alerts and which new photos start a run, and start it once."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.printable import make_printable
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.retraining.alerts import Alert
from viewfinder_pipelines.retraining.figures import Figures
from viewfinder_pipelines.retraining.runner import Runner
from viewfinder_pipelines.retraining.state import ModelState, Start, State, StateFolder
from viewfinder_pipelines.settings.retraining import RetrainingSettings

_log = logging.getLogger(__name__)

Cause = Literal["unmatched", "repeated", "running", "interval"]
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0  # seconds between attempts to start a run
_IDLE_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What came of an alert.

    Attributes:
        alert: The alert's name.
        model: Which model it is about; empty if no settings match it.
        run: The run that was decided on, or that the alert started earlier; empty for none.
        refused: Why it started none.
        detail: The same in words.
    """

    alert: str
    model: str
    run: str = ""
    refused: Cause | None = None
    detail: str = ""


class Receiver:
    """Decides, keeps what it decided, and then starts it: at most one run at a time.

    `take` and `propose` only write down that a run is to start. `work` starts it, and follows it.
    So whoever sent an alert is answered at once, and an alert that was answered is not lost.

    Args:
        settings: What starts runs, by model.
        folder: Where the state is kept; it is held.
        runner: Where runs run.
        figures: What is counted.
        clock: The time in seconds since 1970.
    """

    def __init__(
        self,
        settings: Mapping[str, RetrainingSettings],
        folder: StateFolder,
        runner: Runner,
        figures: Figures,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._runner = runner
        self._figures = figures
        self._clock = clock
        self._lock = threading.Lock()
        self._state = folder.load()
        self._is_recovered = False
        self._pause = _FIRST_PAUSE
        self.decided = threading.Event()
        """Set when there is something to start."""
        for model in settings:
            self._show(model)

    @property
    def state(self) -> State:
        """What is known now."""
        return self._state

    def take(self, alerts: Sequence[Alert]) -> list[Answer]:
        """Decide what alerts start.

        Args:
            alerts: Alerts that fire, of one notification: those about the same model start one run.

        Raises:
            ViewfinderError: The decision could not be written down; nothing was decided.
        """
        begun: dict[str, Start] = {}
        with self._lock:
            with self._kept():
                answers = [one for alert in alerts for one in self._take(alert, begun)]
            for model, start in begun.items():
                self._announce(model, start)
        for one in answers:
            if one.refused:
                self._figures.refused.labels(one.model, one.refused).inc()
                _log.info(
                    "alert %s%s starts no run: %s",
                    make_printable(one.alert)[:100],
                    f" for {one.model}" if one.model else "",
                    one.detail,
                )
        return answers

    def _take(self, alert: Alert, begun: dict[str, Start]) -> list[Answer]:
        matching = [name for name, one in self._settings.items() if _matches(one, alert)]
        if not matching:
            detail = "no [retraining.MODEL] in the settings names it and its labels"
            return [Answer(alert.name, "", refused="unmatched", detail=detail)]
        return [self._decide(model, alert, begun) for model in matching]

    def _decide(self, model: str, alert: Alert, begun: dict[str, Start]) -> Answer:
        known = self._state.of(model)
        if alert.key in known.keys:
            detail = "it has already started a run"
            return Answer(alert.name, model, refused="repeated", detail=detail)
        if model in begun:  # by another alert of the same notification
            begun[model] = replace(begun[model], keys=(*begun[model].keys, alert.key))
            self._change(model, known.with_last(begun[model]))
        elif refused := self._find_obstacle(model):
            return Answer(alert.name, model, refused=refused[0], detail=refused[1])
        else:
            begun[model] = self._begin(model, alert.to_reason(), (alert.key,))
        return Answer(alert.name, model, begun[model].name)

    def propose(self, model: str, reason: RunReason) -> str | None:
        """Decide whether new photos start a run now.

        Returns:
            The run's name; None if another run is in progress, or the last one is too recent.

        Raises:
            ViewfinderError: The decision could not be written down; nothing was decided.
        """
        with self._lock:
            if self._find_obstacle(model):
                return None
            with self._kept():
                start = self._begin(model, reason, ())
            self._announce(model, start)
            return start.name

    def update(self, model: str, change: Callable[[ModelState], ModelState]) -> None:
        """Change what is known about a model, and keep it.

        Raises:
            ViewfinderError: It could not be written down; nothing has changed.
        """
        with self._lock, self._kept():
            self._change(model, change(self._state.of(model)))

    def _find_obstacle(self, model: str) -> tuple[Cause, str] | None:
        for other in self._settings:
            last = self._state.of(other).last
            if last is not None and last.is_active:
                return "running", f"run {last.name} is in progress"
        last, least = self._state.of(model).last, self._settings[model].interval_seconds
        if last is None or last.state == "unstarted":
            return None
        passed = self._clock() - last.decided
        if 0 <= passed < least:
            detail = f"the last run began {passed:.0f} s ago, less than interval_seconds = {least}"
            return "interval", detail
        return None

    def _begin(self, model: str, reason: RunReason, keys: tuple[str, ...]) -> Start:
        now = self._clock()
        time_of_day = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
        name = f"{model}-{time_of_day}-{secrets.token_hex(4)}"
        start = Start(name, reason.write(), now, keys)
        self._change(model, self._state.of(model).with_last(start))
        return start

    def _announce(self, model: str, start: Start) -> None:
        self._show(model)
        reason = make_printable(RunReason.parse(start.reason))
        _log.info("run %s is to start: %s", start.name, reason)
        self.decided.set()

    def work(self) -> float:
        """Start what was decided on, and read the state of the run in progress.

        Returns:
            Seconds until there may be something to do, unless `decided` is set before.
        """
        active = self._find_active()
        if active is None:
            self._is_recovered = True
            return _IDLE_SECONDS
        model, start = active
        try:
            changed = self._follow(start) if start.run_id else self._start(model, start)
        except TransientError as error:
            return self._try_later(model, start, error)
        except PermanentError as error:
            if start.run_id and self._pause < _LONGEST_PAUSE:
                return self._try_later(model, start, error)
            changed = self._give_up(model, start, error)
        self._pause = _FIRST_PAUSE
        if changed != start:
            self._record(model, changed)
        return self._runner.poll_seconds if changed.is_active else 0.0

    def _find_active(self) -> tuple[str, Start] | None:
        with self._lock:
            for model, known in self._state.models.items():
                if known.last is not None and known.last.is_active and model in self._settings:
                    return model, known.last
        return None

    def _start(self, model: str, start: Start) -> Start:
        # An earlier receiver, or an attempt without an answer, may have started it.
        run_id = self._runner.find(start.name)
        if run_id is None:
            parameters = make_parameters(model, self._settings[model], start.reason)
            run_id = self._runner.start(start.name, parameters)
            self._is_recovered = True
        self._figures.started.labels(model, RunReason.parse(start.reason).kind).inc()
        _log.info("run %s has started as %s", start.name, run_id)
        return replace(start, run_id=run_id)

    def _follow(self, start: Start) -> Start:
        if not self._is_recovered:
            self._runner.recover(start.run_id)
            self._is_recovered = True
        return replace(start, state=self._runner.read(start.run_id))

    def _give_up(self, model: str, start: Start, error: ViewfinderError) -> Start:
        kind, state = ("read", "lost") if start.run_id else ("start", "unstarted")
        self._figures.failed.labels(model, kind).inc()
        _log.error("run %s is %s: %s", start.name, state, error)
        return replace(start, state=state)

    def _try_later(self, model: str, start: Start, error: ViewfinderError) -> float:
        kind = "read" if start.run_id else "start"
        self._figures.failed.labels(model, kind).inc()
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        _log.warning("run %s: %s (tried again in %g s)", start.name, error, pause)
        return pause

    def _record(self, model: str, changed: Start) -> None:
        self.update(model, lambda known: known.with_last(changed))
        self._show(model)
        if not changed.is_active:
            _log.info("run %s has ended: %s", changed.name, changed.state)

    def _change(self, model: str, known: ModelState) -> None:
        self._state = self._state.changed(model, known)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Write down what the block changes, once; if that fails, nothing has changed."""
        before = self._state
        try:
            yield
            if self._state is not before:
                self._folder.save(self._state)
        except BaseException:
            self._state = before
            raise

    def _show(self, model: str) -> None:
        last = self._state.of(model).last
        self._figures.last_run.labels(model).state(last.state if last else "none")
        self._figures.last_start.labels(model).set(last.decided if last else 0)


def make_parameters(model: str, settings: RetrainingSettings, reason: str) -> dict[str, Any]:
    """Return a run's parameters: those of the settings, and the reason.

    Args:
        model: The model, which `model_name` is by default.
        settings: Its settings.
        reason: As `RunReason.write` returns it.
    """
    return {"model_name": model, **settings.parameters, "reason": reason}


def _matches(settings: RetrainingSettings, alert: Alert) -> bool:
    return alert.name in settings.alerts and settings.match.items() <= alert.labels.items()
