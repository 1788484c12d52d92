"""The run's page, built from the files in the evaluation's folder, so it can be rebuilt later."""

from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

from viewfinder_components.evaluation import figures, tables
from viewfinder_components.formats.evaluation import PAGE, read_evaluation
from viewfinder_components.formats.json_files import read_object
from viewfinder_components.reports.page import render
from viewfinder_components.run_reason import RunReason

_TEMPLATE = "evaluation/report.html"


def render_run_report(evaluation_dir: Path, run: Mapping[str, Any] | None = None) -> str:
    """Return the page: what was measured and decided, and as much of the run as is known.

    Args:
        evaluation_dir: What `evaluate_model` wrote.
        run: How the run went, once it has finished; adds the section "The run"::

                {"state": "succeeded" | "refused" | "failed" | "interrupted",
                 "reason": why it began, optional,
                 "steps": [{"name", "state", "seconds", "phases": {name: seconds}}],
                 "check": verdict.json of the check step, or None,
                 "version": {"number", "uri"} of what was published, or None,
                 "commands": [what to type to serve it, line by line],
                 "photo_list": path or URI of the list of all files, or None,
                 "error": the failure's message, optional,
                 "floor_seconds": the minimum that decoding and one pass of the backbone over all
                     photos take on this machine, optional}

    Raises:
        PermanentError: The folder does not contain a finished evaluation.
    """
    evaluation = read_evaluation(evaluation_dir)
    page = _read_page(evaluation_dir / PAGE)
    metrics, labels = evaluation["metrics"], evaluation["labels"]
    steps = list(run["steps"]) if run else tables.known_steps(page, evaluation)
    return render(
        _TEMPLATE,
        evaluation=evaluation,
        metrics=metrics,
        page=page,
        run=run,
        reason=_find_reason(evaluation, run),
        steps=steps,
        time_parts=tables.time_parts(steps),
        phases=tables.describe_phases(steps),
        data_rows=tables.data_rows(page["summary"]),
        class_rows=tables.class_rows(metrics),
        confusion=tables.confusion(metrics, labels),
        training_curves=figures.training_curves(page["training"]),
        roc=figures.roc_chart(page),
        many=len(labels) > tables.MATRIX_CLASSES,
        ignorance=log(len(labels)),
        reliability=figures.reliability_diagram(metrics),
    )


def _find_reason(evaluation: Mapping[str, Any], run: Mapping[str, Any] | None) -> str:
    """Return why the run began; empty if only the run's record can tell."""
    if run and "reason" in run:
        return str(run["reason"])
    given = evaluation["config"].get("reason")
    return str(RunReason.parse(given)) if given else ""


def _read_page(path: Path) -> dict[str, Any]:
    return read_object(path, "the page of a finished evaluation", "run evaluate again")
