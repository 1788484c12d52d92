from dataclasses import dataclass, replace

import numpy as np
import pytest

from viewfinder_components.evaluation.gate import Decision, Limits, Rival, decide
from viewfinder_components.evaluation.metrics import measure
from viewfinder_components.evaluation.scoring import Predictions
from viewfinder_components.paired_difference import PairedDifference


def certain(truth: list[int], predicted: list[int], classes: int = 2) -> Predictions:
    """Predictions of confidence 1."""
    labels = tuple("abcdef"[:classes])
    return Predictions(labels, np.array(truth, np.int32), np.eye(classes, dtype="f4")[predicted])


SMALL = Limits(allow_undecided=True)
"""For a few photos that show a rule as well as many would."""


def judge(predictions: Predictions, limits: Limits = SMALL, rival=None) -> Decision:
    return decide(measure(predictions), limits, rival)


@dataclass(frozen=True)
class Case:
    name: str
    truth: list[int]
    predicted: list[int]
    accepted: bool
    limits: Limits = SMALL
    refused_by: str = ""


DECIDES = "chance of a perfect guess"
CASES = [
    Case("good", [0, 0, 1, 1], [0, 0, 1, 0], True),
    Case("all wrong", [0, 1], [1, 0], False, refused_by="better than a constant answer"),
    Case("constant", [0] * 9 + [1], [0] * 10, False, refused_by="better than a constant answer"),
    # Under imbalance a model may lose in accuracy to a constant answer and still be useful.
    Case("rare class found", [0] * 9 + [1], [1, 1] + [0] * 7 + [1], True),
    Case("one photo, right", [1], [1], True),
    Case("one photo, wrong", [1], [0], False, refused_by="better than a constant answer"),
    Case("one class, one miss", [1, 1, 1], [1, 1, 0], False,
         refused_by="better than a constant answer"),
    Case("few, all right", [0, 0, 1, 1], [0, 0, 1, 1], False, Limits(), DECIDES),
    Case("one class, all right", [1] * 99, [1] * 99, False, Limits(), DECIDES),
    Case("just enough", [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1], True, Limits()),
    Case("enough for less confidence", [0, 0, 1, 1], [0, 0, 1, 1], True, Limits(confidence=0.8)),
    Case("many", [0] * 5000 + [1] * 5000, [0] * 9000 + [1] * 1000, True, Limits()),
    Case("accuracy at its limit", [0, 0, 1, 1], [0, 0, 1, 0], True,
         replace(SMALL, min_accuracy=0.75)),
    Case("accuracy below", [0, 0, 1, 1], [0, 0, 1, 0], False, replace(SMALL, min_accuracy=0.76),
         "accuracy"),
    Case("balanced accuracy below", [0, 0, 0, 1], [0, 0, 1, 1], False,
         replace(SMALL, min_balanced_accuracy=0.9), "balanced accuracy"),
    Case("overconfident", [0, 0, 1, 1], [0, 0, 1, 0], False, replace(SMALL, max_ece=0.2),
         "calibration error"),
    Case("calibration at its limit", [0, 0, 1, 1], [0, 0, 1, 0], True,
         replace(SMALL, max_ece=0.25)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rules(case: Case) -> None:
    decision = judge(certain(case.truth, case.predicted), case.limits)
    failed = [check.name for check in decision.checks if not check.passed]
    assert decision.accepted is case.accepted
    assert failed == ([case.refused_by] if case.refused_by else [])
    assert decision.sentence.startswith("Accepted. " if case.accepted else "Refused. ")


def test_every_rule_is_listed_whatever_the_outcome() -> None:
    names = [
        "chance of a perfect guess",
        "better than a constant answer",
        "accuracy",
        "balanced accuracy",
        "calibration error",
        "not worse than the published version",
    ]
    for predicted in ([0, 1], [1, 0]):
        assert [check.name for check in judge(certain([0, 1], predicted)).checks] == names


def test_a_refusal_names_every_reason() -> None:
    decision = judge(certain([0, 1], [1, 0]), replace(SMALL, min_accuracy=0.9, max_ece=0.1))
    assert "Balanced accuracy 0.0% is not above the 50.0%" in decision.sentence
    assert "Accuracy 0.0% is below the minimum of 90.0%." in decision.sentence
    assert "Calibration error 100.0% exceeds the maximum of 10.0%." in decision.sentence


def test_worse_than_the_champion() -> None:
    predictions = certain([0] * 50 + [1] * 50, [0] * 40 + [1] * 60)
    difference = PairedDifference.of(predictions.correct, np.ones(100, bool), 0.95)
    decision = judge(predictions, rival=Rival(7, difference))
    assert not decision.accepted
    assert "Worse than published version 7" in decision.sentence
    assert "-10.0 points" in decision.sentence
    check = decision.checks[-1]
    assert (check.value, check.limit, check.passed) == (-0.1, 0.0, False)


def test_as_good_as_the_champion() -> None:
    predictions = certain([0, 0, 1, 1], [0, 0, 1, 1])
    difference = PairedDifference.of(predictions.correct, predictions.correct, 0.95)
    assert judge(predictions, rival=Rival(7, difference)).accepted


def test_a_champion_that_could_not_be_scored_refuses_nothing() -> None:
    decision = judge(certain([0, 1], [0, 1]), rival=Rival(3, None))
    assert decision.accepted
    assert "version 3 could not be scored" in decision.sentence


def test_one_test_photo_condemns_nobody_beside_a_champion() -> None:
    predictions = certain([0, 1], [0, 1])
    difference = PairedDifference.of(np.array([False]), np.array([True]), 0.95)
    assert judge(predictions, rival=Rival(1, difference)).accepted


def test_too_few_photos_to_decide_say_what_to_do() -> None:
    photos = certain([0, 1], [0, 1])
    refused = judge(photos, Limits())
    assert "of 2 test photos, a guess gets all of them right in 50.0% of cases" in (
        refused.sentence
    )
    for remedy in ("test_fraction", "near_duplicate_distance=0", "allow_undecided=true"):
        assert remedy in refused.sentence
    allowed = judge(photos)
    assert allowed.accepted
    assert "Undecided, which the settings allow: of 2 test photos" in allowed.sentence
    assert "Undecided" not in judge(certain([0] * 9 + [1] * 9, [0] * 9 + [1] * 9)).sentence
