"""The rule that decides which precision is served, on answers made for the purpose."""

import numpy as np
import pytest

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.precision_choice import (
    Measured,
    choose_precision,
    judge_precision,
)
from viewfinder_components.formats.precision import Candidate, PrecisionChoice

PHOTOS = 200
TRUTH = np.zeros(PHOTOS, np.int32)
RIGHT, WRONG, SURE = (0.6, 0.4), (0.4, 0.6), (0.7, 0.3)


def measure(precision="int8", wrong=0, p50_ms=5.0, right=RIGHT, offset=0):
    """A predictor that gets photos wrong, from the number `offset` on."""
    answers = np.tile(np.array(right, np.float32), (PHOTOS, 1))
    answers[offset : offset + wrong] = WRONG
    return Measured(precision, answers, p50_ms)


PLAIN = measure("f32", wrong=20, p50_ms=10.0)


def judge(found, plain=PLAIN, **values):
    return judge_precision(found, plain, TRUTH, CheckConfig(**values))


def test_one_that_answers_the_same_in_half_the_time_passes():
    found = judge(measure(wrong=20))
    assert found.passed
    assert (found.photos, found.accuracy, found.difference, found.agreement) == (200, 0.9, 0, 1)
    assert found.low < 0 < found.high
    assert found.sentence == "int8 passed."
    assert found.evidence == (
        "On 200 test photos, its accuracy is 90.0%, +0.0 points from f32 (95% interval -1.0 to "
        "+1.0); 100.0% get the same label as in f32; the median latency is 5.0 ms, in f32 10.0 ms."
    )


@pytest.mark.parametrize(("wrong", "passed"), [(20, True), (21, True), (22, False)])
def test_the_limit_of_accuracy_is_allowed_and_a_photo_more_is_not(wrong, passed):
    """One photo of 200 is exactly half a point."""
    found = judge(measure(wrong=wrong))
    assert found.passed is passed
    if not passed:
        assert found.sentence == (
            "int8 was refused: the accuracy falls by 1.0 points, and 0.5 are allowed."
        )


@pytest.mark.parametrize(("moved", "passed"), [(2, True), (3, False)])
def test_other_labels_count_even_if_the_accuracy_is_the_same(moved, passed):
    """As many photos become right as wrong: 4 of 200 change their label, then 6."""
    found = judge(measure(wrong=20, offset=moved))
    assert found.difference == 0
    assert found.agreement == 1 - 2 * moved / PHOTOS
    assert found.passed is passed
    if not passed:
        assert found.sentence == (
            "int8 was refused: 97.0% of the photos keep their label, and 98.0% must."
        )


def test_more_accuracy_is_no_fault():
    assert judge(measure(wrong=18)).passed


@pytest.mark.parametrize(("p50_ms", "passed"), [(9.5, True), (9.6, False), (12, False)])
def test_it_must_save_time_that_is_worth_it(p50_ms, passed):
    found = judge(measure(wrong=20, p50_ms=p50_ms))
    assert found.passed is passed
    assert passed or found.sentence == "int8 was refused: it is not faster."


def test_a_precision_that_the_setting_names_need_not_be_faster():
    slow = measure(wrong=20, p50_ms=20)
    assert judge(slow, precision_served="int8").passed
    assert not judge(measure(wrong=40, p50_ms=1), precision_served="int8").passed


def test_all_that_is_wrong_is_said():
    found = judge(measure(wrong=60, p50_ms=10))
    assert found.sentence.count(";") == 2
    for words in ("falls by 20.0 points", "80.0% of the photos keep", "not faster"):
        assert words in found.sentence


def test_f32_is_what_the_others_are_compared_with():
    found = judge(PLAIN)
    assert (found.passed, found.accuracy, found.p50_ms) == (True, 0.9, 10)


def choose(*candidates, note=""):
    return choose_precision(candidates, 0.02, note)


def test_the_fastest_that_passed_is_served_and_f32_is_always_allowed():
    slow, fast = judge(measure("bf16", wrong=20, p50_ms=6)), judge(measure(wrong=20, p50_ms=3))
    choice = choose(judge(PLAIN), slow, fast)
    assert choice.allowed == ("int8", "bf16", "f32")
    assert choice.reason.startswith("int8 is served: it is the fastest that passed. bf16 passed.")
    assert choice.to_json()["served"] == "int8"


def test_what_was_refused_is_not_allowed_however_fast():
    refused, passed = judge(measure(wrong=60, p50_ms=1)), judge(measure("bf16", wrong=20, p50_ms=6))
    choice = choose(judge(PLAIN), passed, refused)
    assert choice.allowed == ("bf16", "f32")
    assert "int8 was refused: the accuracy falls by 20.0 points" in choice.reason
    assert choose(judge(PLAIN), refused).allowed == ("f32",)


def test_each_precision_has_the_tolerance_that_was_measured():
    found = judge(measure(wrong=20, right=SURE))
    choice = choose(judge(PLAIN), found)
    assert found.max_difference == pytest.approx(0.1)
    assert choice.tolerances == {"int8": 0.12, "f32": 0.02}
    far = Candidate("int8", True, "int8 passed.", max_difference=0.995)
    assert choose(far).tolerances["int8"] == 1


def test_the_samples_count_for_the_tolerance_too():
    found = Measured("int8", measure(wrong=20).answers, 5, sample_difference=0.3)
    assert judge(found).max_difference == 0.3


def test_why_nothing_was_tried_is_said():
    choice = choose(note="The setting precision_served is f32.")
    assert choice.allowed == ("f32",)
    assert choice.reason == "f32 is served. The setting precision_served is f32."
    untried = Candidate("bf16", False, "bf16 was not tried. This processor cannot.")
    assert choose(untried).reason == (
        "f32 is served: no other precision passed. bf16 was not tried. This processor cannot."
    )


def test_the_record_is_read_as_it_was_written():
    choice = choose(judge(PLAIN), judge(measure(wrong=20)))
    assert PrecisionChoice.read(choice.to_json()) == choice
