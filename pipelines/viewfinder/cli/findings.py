"""What a person, or a script, sees of the findings."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from viewfinder.installation import Finding, FindingState
from viewfinder.markup import to_markup
from viewfinder.run_tables import print_table
from viewfinder_components.reports.formatting import plural

_MARKS = {
    FindingState.OK: "[green]✓[/]",
    FindingState.WARNING: "[yellow]![/]",
    FindingState.FAILED: "[red]✗[/]",
    FindingState.UNKNOWN: "[cyan]?[/]",
}
_PURPOSES = {"run": "run on Kubeflow", "deploy": "deployment"}


def print_findings(console: Console, findings: Sequence[Finding], purpose: str) -> None:
    """Print a table: what is well in one line each, the rest with its remedy below."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        text = to_markup(finding.text)
        if finding.remedy:
            text += f"\n[bold]→[/] {to_markup(finding.remedy)}"
        table.add_row(_MARKS[finding.state], to_markup(finding.name), text)
    print_table(console, table)
    console.print(summarize(findings, purpose), highlight=False, soft_wrap=True)


def summarize(findings: Sequence[Finding], purpose: str) -> str:
    """Return the last line."""
    purpose = _PURPOSES.get(purpose, purpose)
    counts = {state: sum(finding.state is state for finding in findings) for state in FindingState}
    would_fail = f"would make a {purpose} fail"
    if counts[FindingState.FAILED]:
        return f"{_count(counts[FindingState.FAILED], len(findings))} {would_fail}."
    if counts[FindingState.UNKNOWN]:
        unknown = plural(counts[FindingState.UNKNOWN], "finding")
        return f"Nothing found that {would_fail}; {unknown} could not be judged."
    return f"A {purpose} may start."


def _count(failed: int, findings: int) -> str:
    if failed == findings:
        return "The only finding" if findings == 1 else f"All {findings} findings"
    return f"{failed} of {findings} findings"


def findings_json(findings: Sequence[Finding]) -> str:
    """Return the findings for a script."""
    well = not any(finding.state is FindingState.FAILED for finding in findings)
    return json.dumps(
        {"ok": well, "findings": [finding.to_json() for finding in findings]}, indent=2
    )


def exit_code_of(findings: Sequence[Finding]) -> int:
    """Return 1 when a run, or a deployment, would fail, otherwise 0."""
    return int(any(finding.state is FindingState.FAILED for finding in findings))
