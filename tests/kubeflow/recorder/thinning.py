"""Make a recording small and free of what belongs to the machine where it was made."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tests.kubeflow.recorder.exchanges import Exchange

RUN = re.compile(r"/apis/v\d\w*/runs/[0-9a-f-]{36}$")
"""What is polled while a run goes on."""
_STATES_OF_A_RUN = 6  # that are kept of each polled address; the first and the last among them
_STATES_OF_OTHERS = 2
NEUTRAL_ADDRESS = "10.0.0.1"
PRIVATE_ADDRESS = re.compile(r"\b10(?:\.\d{1,3}){3}\b")


def thin(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Drop answers that say nothing new, and of the rest keep some that are spread over time.

    Requests that change something are all kept. Between two of them, each address keeps its first
    and its last answer.
    """
    epochs: list[list[Exchange]] = [[]]
    for exchange in exchanges:
        epochs[-1].append(exchange)
        if not exchange.is_reading:
            epochs.append([])
    kept = [one for epoch in epochs for one in _thin_epoch(epoch)]
    return sorted(kept, key=lambda exchange: exchange.at)


def scrub(exchanges: Iterable[Exchange]) -> list[Exchange]:
    """Replace the addresses of the network where a recording was made."""
    cleaned = []
    for exchange in exchanges:
        body = exchange.body
        if exchange.is_text:
            body = PRIVATE_ADDRESS.sub(NEUTRAL_ADDRESS, body)
        cleaned.append(replace(exchange, body=body))
    return cleaned


def _thin_epoch(epoch: Sequence[Exchange]) -> list[Exchange]:
    by_target: dict[str, list[Exchange]] = defaultdict(list)
    kept = [exchange for exchange in epoch if not exchange.is_reading]
    for exchange in epoch:
        known = by_target[exchange.target]
        if exchange.is_reading and not (known and _same(known[-1], exchange)):
            known.append(exchange)
    for answers in by_target.values():
        is_run = bool(answers and RUN.search(answers[0].path))
        kept += _spread(answers, _STATES_OF_A_RUN if is_run else _STATES_OF_OTHERS)
    return kept


def _same(one: Exchange, other: Exchange) -> bool:
    return (one.status, one.body) == (other.status, other.body)


def _spread(answers: Sequence[Exchange], count: int) -> list[Exchange]:
    """Return so many of the answers, evenly spread, with the first and the last."""
    if len(answers) <= count:
        return list(answers)
    last = len(answers) - 1
    return [answers[round(i * last / (count - 1))] for i in range(count)]
