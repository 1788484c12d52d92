"""`viewfinder doctor`, behind its options."""

import dataclasses
import sys
from pathlib import Path
from typing import Any

from viewfinder_pipelines.doctor.display import findings_json, print_findings
from viewfinder_pipelines.doctor.examine import examine
from viewfinder_pipelines.doctor.finding import FindingState
from viewfinder_pipelines.doctor.install import DoctorConfig, Purpose
from viewfinder_pipelines.settings.file import read_settings


def run_doctor(
    settings: Path | None, host: str, as_json: bool, *, purpose: str, **options: Any
) -> int:
    """Examine, print and return the exit code: 1 when a run, or a deploy, would fail.

    Args:
        settings: The settings file, None for `viewfinder.toml` if there is one.
        host: Kubeflow Pipelines' address; empty for the settings file's.
        as_json: Whether a script reads the answer.
        purpose: What the install is for, as `Purpose` has it.
        options: Fields of `DoctorConfig`.

    Raises:
        PermanentError: The settings file cannot be read.
    """
    from rich.console import Console

    known = read_settings(settings)
    if host:
        known = dataclasses.replace(known, kubeflow=dataclasses.replace(known.kubeflow, host=host))
    options["model_root"] = options["model_root"] or str(known.parameters.get("model_root", ""))
    config = DoctorConfig(purpose=Purpose(purpose), settings=known, **options)
    with Console(stderr=True).status("looking") as status:
        findings = list(examine(config, lambda name: status.update(f"looking at: {name}")))
    if as_json:
        print(findings_json(findings))
    else:
        print_findings(Console(), findings, config.purpose)
    sys.stdout.flush()
    return int(any(finding.state is FindingState.FAILED for finding in findings))
