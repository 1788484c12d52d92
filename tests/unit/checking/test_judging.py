"""What a check says about times: which of the two it held to the limit."""

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.judging import judge_start
from viewfinder_components.checking.predictor import RunningPredictor
from viewfinder_components.checking.processor import Spent


def test_the_time_to_readiness_says_which_of_its_times_counts(tmp_path) -> None:
    spent = Spent(cpu_seconds=0.5, waiting_seconds=2.5)
    running = RunningPredictor("", 1, 3.0, spent, None, tmp_path / "log")
    check = judge_start(running, CheckConfig())
    assert check.sentence == (
        "The time to readiness, not counting waits for a processor (3 s with it) is "
        f"{check.value:.4g} s, within the limit of 60 s."
    )
