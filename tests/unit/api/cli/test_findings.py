"""The last line of `viewfinder doctor`."""

import pytest

from viewfinder.cli.findings import summarize
from viewfinder_pipelines.doctor.finding import Finding, FindingState
from viewfinder_pipelines.doctor.install import Purpose


@pytest.mark.parametrize(
    ("states", "line"),
    [
        ("F", "The only finding would make a run on Kubeflow fail."),
        ("FF", "All 2 findings would make a run on Kubeflow fail."),
        ("FO", "1 of 2 findings would make a run on Kubeflow fail."),
        ("FFU", "2 of 3 findings would make a run on Kubeflow fail."),
        (
            "UO",
            "Nothing found that would make a run on Kubeflow fail; 1 finding could not be judged.",
        ),
        (
            "UU",
            "Nothing found that would make a run on Kubeflow fail; 2 findings could not be judged.",
        ),
        ("OW", "A run on Kubeflow may start."),
    ],
)
def test_findings_are_counted_in_words(states: str, line: str) -> None:
    kinds = {state.name[0]: state for state in FindingState}
    findings = [Finding("x", kinds[state], "x") for state in states]
    assert summarize(findings, Purpose.RUN.value) == line
