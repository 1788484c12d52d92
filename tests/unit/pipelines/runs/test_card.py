"""What a notebook shows of a run."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from viewfinder_components.printable import make_printable
from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.runs.card import render_card
from viewfinder_pipelines.runs.record import LOCAL, Gap, RunError, RunResult, StepResult

HOSTILE = '<script>alert("1 & 2")</script>'


def make_result(**values) -> RunResult:
    empty = RunResult("r-1", LOCAL, "succeeded", "2026-01-01T00:00:00+00:00", 12.34, {})
    return replace(empty, **values)


def read_text(result: RunResult) -> str:
    """The card's text; a card that is not well-formed raises."""
    return " ".join("".join(parse(result).itertext()).split())


def parse(result: RunResult) -> ET.Element:
    return ET.fromstring(result._repr_html_())  # noqa: S314  (written by the code under test)


def test_dollar_signs_make_no_formulas() -> None:
    card = parse(make_result(parameters={"model_name": "$a$"}))
    assert card.get("class") == "tex2jax_ignore mathjax_ignore"
    assert "$a$" in "".join(card.itertext())


def test_it_has_steps_sentences_and_places() -> None:
    steps = (
        StepResult("validate", "cached", 0.0, summary="20 photos", reused_seconds=3.4),
        StepResult("train", "failed", 4.56),
    )
    error = RunError("train", "expected more photos", False, ())
    text = read_text(
        make_result(
            state="failed",
            parameters={"model_name": "pets"},
            steps=steps,
            error=error,
            gaps=(Gap(("train",), "no log"),),
        )
    )
    for part in ("failed", "pets", "run r-1, 12.3 s", "✓ validate (reused)", "3.4", "20 photos"):
        assert part in text
    assert "✗ train" in text
    assert "4.6" in text
    assert "Failed in step train: expected more photos" in text
    assert "Could not read from train: no log" in text


def test_it_says_why_the_run_began() -> None:
    assert "Began" not in read_text(make_result())
    assert "Began: by hand: new lamps" in read_text(make_result(reason=RunReason(text="new lamps")))
    reason = RunReason("alert", alert=HOSTILE, measure="brightness", value="0.3", limit="0.1")
    assert f"Began: alert {HOSTILE}: brightness 0.3 (limit 0.1)" in read_text(
        make_result(reason=reason)
    )


def test_a_decision_is_shown_once() -> None:
    gate = StepResult("evaluate", "succeeded", 1.0, summary="Accepted.")
    assert read_text(make_result(decision="Accepted.", steps=(gate,))).count("Accepted.") == 1
    assert read_text(make_result(decision="Accepted.")).count("Accepted.") == 1


def test_nothing_that_it_shows_is_invisible_or_reversed() -> None:
    name = "a\u202e\u200b\x1b"
    result = make_result(
        run_id=name,
        state="failed",
        decision=name,
        parameters={"model_name": name},
        steps=(StepResult(name, "failed", 1.0, summary=name),),
        error=RunError(name, name, False, ()),
        gaps=(Gap((name,), name),),
        endpoint=f"http://{name}",
        report=name,
        page=f"https://{name}",
        version={"number": 1, "uri": name},
    )
    card = render_card(result, progress=name)
    assert make_printable(card, lines=True) == card
    assert card.count(r"a\u202e\u200b\x1b") >= 12


def test_nothing_that_it_shows_can_run() -> None:
    result = make_result(
        run_id=HOSTILE,
        parameters={"model_name": HOSTILE},
        decision=HOSTILE,
        steps=(StepResult(HOSTILE, "running", 1.0, waiting=HOSTILE),),
        error=RunError(HOSTILE, HOSTILE, False, ()),
        version={"number": 1, "uri": HOSTILE},
        endpoint=HOSTILE,
        report_page=f'http://a/"{HOSTILE}',
        page="javascript:alert(1)",
    )
    assert "<script" not in result._repr_html_()
    assert read_text(result).count(HOSTILE) == 10
    links = [link.get("href") for link in parse(result).iter("a")]
    assert links == [f'http://a/"{HOSTILE}']


@pytest.mark.parametrize("state", ["running", "succeeded", "refused", "failed", "interrupted"])
def test_every_state_has_a_badge(state) -> None:
    assert read_text(make_result(state=state)).startswith(state)


def test_a_running_step_shows_its_progress() -> None:
    done = StepResult("validate", "succeeded", 1.5, summary="20 photos")
    running = make_result(state="running", steps=(done, StepResult("train", "running", 0.0)))
    card = render_card(running, "epoch 3 of <100>")
    text = " ".join("".join(ET.fromstring(card).itertext()).split())  # noqa: S314
    assert "… train" in text
    assert "epoch 3 of <100>" in text
    assert text.count("epoch") == 1
    assert "12.3 s" not in text
