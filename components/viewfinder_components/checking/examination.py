"""Start the predictor, send it test photos, and record what it did."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from viewfinder_components.checking.asking import ask_photos
from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.conversation import (
    Conversation,
    NoAnswerError,
    Patience,
    conversing,
)
from viewfinder_components.checking.judging import (
    FAILED_ANSWERS,
    is_excused,
    judge_latency,
    judge_memory,
    judge_parity,
    judge_start,
)
from viewfinder_components.checking.measure import Latency, measure_latency
from viewfinder_components.checking.precision_choice import Measured
from viewfinder_components.checking.predictor import NotReadyError, running_predictor
from viewfinder_components.checking.verdict import Criterion
from viewfinder_components.formats.drawn_photos import DrawnPhotos
from viewfinder_components.formats.precision import F32, Precision
from viewfinder_components.formats.samples import Sample, Samples
from viewfinder_components.parity import Parity, compare_photos
from viewfinder_components.timing import Stopwatch

_NAME = "checked"
_PREDICT = f"/v1/models/{_NAME}:predict"

# What a busy node can distort; `failed_answers` only counts where there was no answer at all.
_TIMED = {"start_seconds", FAILED_ANSWERS, "p50_ms", "p99_ms"}
# On a busy node a latency above its limit is measured again.
_ROUNDS = 3
# Below f32, answers may differ from the evaluation's: test photos show whether that matters.
_ANY_DIFFERENCE = 1.0


@dataclass
class Examination:
    """What was found out about one predictor; filled in during the examination.

    Args:
        samples: The photos to send, and the evaluation's results for them.
        config: The limits.
        precision: The precision in which the predictor computes.
        photos: Test photos to send as well; None for none.
    """

    samples: Samples
    config: CheckConfig
    precision: Precision = F32
    photos: DrawnPhotos | None = None
    checks: list[Criterion] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    """Further measurements, JSON-ready."""
    watch: Stopwatch = field(default_factory=lambda: Stopwatch("check"))
    spoilt: bool = False
    """Whether the node was too busy for the most recent measurement."""
    measured: Measured | None = None
    """What was measured to compare precisions; None without `photos`."""

    @property
    def busy(self) -> bool:
        """Whether a check failed, and all failures may be due to a busy node."""
        failed = {check.name for check in self.checks if not check.passed}
        return self.spoilt and failed <= _TIMED

    def run(self, servable_dir: Path, patience: Patience) -> None:
        """Examine the predictor of a servable, in its own process.

        A predictor that does not start or does not answer fails a check.

        Args:
            servable_dir: What export wrote.
            patience: When to stop waiting for an answer.
        """
        try:
            self._start_and_ask(servable_dir, patience)
        except NotReadyError as error:
            self.spoilt = error.busy
            limit = self.config.max_start_seconds
            self.checks = [Criterion("start_seconds", None, limit, False, f"{error}.")]
        except NoAnswerError as error:
            self.spoilt = error.busy
            self.details["stacks"] = error.stacks.splitlines()
            self.checks = [Criterion(FAILED_ANSWERS, None, 0, False, error.sentence)]

    def _start_and_ask(self, servable_dir: Path, patience: Patience) -> None:
        limit = self.config.max_start_seconds
        self.watch.announce("start")
        with running_predictor(servable_dir, _NAME, limit, self.precision) as predictor:
            self.watch.seconds["start"] = predictor.start_seconds
            self.checks.append(judge_start(predictor, self.config))
            with conversing(predictor, patience) as conversation:
                self._ask(conversation)
            self.checks.append(judge_memory(predictor.peak_memory_mb(), self.config))

    def _ask(self, conversation: Conversation) -> None:
        """Compare the answers; where they are correct, measure how long they take."""
        self.details["server"] = conversation.get("/v2").response.json()
        self.details["model"] = conversation.get(f"/v2/models/{_NAME}").response.json()
        parity = self._compare(conversation)
        found = judge_parity(parity, self.samples, self._tolerance)
        self.checks += found
        if all(check.passed for check in found):
            latency = self._time(conversation, parity)
            if self.photos:
                with self.watch.phase("photos"):
                    answers = ask_photos(self.photos, conversation, _PREDICT)
                self.measured = Measured(
                    self.precision, answers, latency.percentile(50), parity.max_difference
                )

    @property
    def _tolerance(self) -> float:
        return self.config.tolerance if self.precision == F32 else _ANY_DIFFERENCE

    def _compare(self, conversation: Conversation) -> Parity:
        with self.watch.phase("answers"):
            parity = compare_photos(
                lambda body: conversation.post(_PREDICT, body).response,
                self.samples.photos,
                self._tolerance,
            )
        too_large = list(parity.too_large)
        self.details["samples"] = {"compared": parity.compared, "too_large": too_large}
        return parity

    def _time(self, conversation: Conversation, parity: Parity) -> Latency:
        photos = [photo for photo in self.samples.photos if photo.uri not in parity.too_large]
        with self.watch.phase("latency"):
            latency = _measure(conversation, photos, self.config)
        self.details["latency"] = latency.summary()
        self.checks += judge_latency(latency, self.config)
        self.spoilt = is_excused(latency, self.config)
        return latency


def _measure(conversation: Conversation, photos: list[Sample], config: CheckConfig) -> Latency:
    """Measure the latency; on a busy node repeat while it exceeds its limit; return the best."""
    found: list[Latency] = []
    for _ in range(_ROUNDS):
        found.append(measure_latency(conversation, _PREDICT, photos, config.requests))
        if not is_excused(found[-1], config):
            return found[-1]
    return min(found, key=lambda latency: latency.percentile(99))
