"""Tell how a run ended, in its last log line."""

import logging

_log = logging.getLogger(__name__)


def describe_outcome(state: str, error: str) -> str:
    """Return the sentence for a run's end.

    Args:
        state: KFP's final state of the run, such as `SUCCEEDED`.
        error: KFP's error message; empty when there is none.
    """
    if error:
        return f"the run ended as {state}: {error}"
    return f"the run ended as {state}"


def report_outcome(run_id: str, state: str, error: str) -> str:
    """Log how the run `run_id` ended, as an error when it did not succeed.

    Returns:
        The sentence that was logged.
    """
    sentence = f"report: run {run_id}: {describe_outcome(state, error)}"
    level = logging.INFO if state == "SUCCEEDED" else logging.ERROR
    _log.log(level, "%s", sentence)
    return sentence
