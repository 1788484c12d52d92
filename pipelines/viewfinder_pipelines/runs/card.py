"""A run as a notebook shows it: HTML that fits a light theme and a dark one."""

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from viewfinder_components.printable import make_printable
from viewfinder_components.run_reason import BY_HAND

if TYPE_CHECKING:
    from viewfinder_pipelines.runs.record import RunResult, StepResult

_COLOURS = {
    "succeeded": "#1a8a5a",
    "cached": "#1a8a5a",
    "refused": "#b45309",
    "interrupted": "#b45309",
    "failed": "#c23b4b",
    "running": "#2563eb",
}
_MARKS = {"succeeded": "✓", "cached": "✓", "failed": "✗", "interrupted": "!", "running": "…"}
_CELL = "text-align:left;vertical-align:top;padding:2px 14px 2px 0"
_NUMBER = "text-align:right;vertical-align:top;padding:2px 14px 2px 0;white-space:nowrap"
_MUTED = "opacity:.65"
_NO_FORMULAS = "tex2jax_ignore mathjax_ignore"
"""MathJax 2 and 3 would make formulas of names and paths with dollar signs."""


def render_card(result: "RunResult", progress: str = "") -> str:
    """Return a run's state, steps and results as HTML without scripts.

    Args:
        result: The run's record.
        progress: What the running step is doing.
    """
    return "".join(
        [
            f'<div class="{_NO_FORMULAS}" style="line-height:1.5;max-width:75em">',
            _render_heading(result),
            _render_sentences(result),
            _render_steps(result, progress),
            _render_places(result),
            "</div>",
        ]
    )


def _render_heading(result: "RunResult") -> str:
    badge = (
        f'<span style="background:{_COLOURS[result.state]};color:#fff;border-radius:4px;'
        f'padding:1px 8px">{result.state}</span>'
    )
    model = _escape(result.parameters.get("model_name") or result.pipeline or "run")
    about = f"run {_escape(result.run_id)}"
    if result.state != "running":
        about += f", {result.seconds:.1f} s"
    return (
        f'<div>{badge} <b style="margin:0 .4em">{model}</b>'
        f'<span style="{_MUTED}">{about}</span></div>'
    )


def _render_sentences(result: "RunResult") -> str:
    parts = [] if result.reason == BY_HAND else [f"Began: {_escape(result.reason)}"]
    if result.decision and result.decision not in [step.summary for step in result.steps]:
        parts.append(_escape(result.decision))
    if result.error:
        where = f"Failed in step {result.error.step}: " if result.error.step else "Failed: "
        colour = _COLOURS["failed"]
        parts.append(
            f'<b style="color:{colour}">{_escape(where)}</b>{_escape(result.error.message)}'
        )
    for gap in result.gaps:
        parts.append(f"Could not read from {_escape(', '.join(gap.steps))}: {_escape(gap.message)}")
    return "".join(f'<div style="margin:.4em 0">{part}</div>' for part in parts)


def _render_steps(result: "RunResult", progress: str) -> str:
    if not result.steps:
        return ""
    heading = f'<th style="{_CELL}">step</th><th style="{_NUMBER}">seconds</th>'
    rows = "".join(_render_step(step, progress) for step in result.steps)
    return (
        '<table style="border-collapse:collapse;margin:.4em 0;color:inherit;font-size:inherit">'
        "<thead><tr>"
        f'{heading}<th style="{_CELL}">result</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _render_step(step: "StepResult", progress: str) -> str:
    mark = f'<span style="color:{_COLOURS[step.state]}">{_MARKS[step.state]}</span>'
    known = step.shown_seconds or step.state not in ("running", "cached")
    seconds = f"{step.shown_seconds:.1f}" if known else ""
    reused = f' <span style="{_MUTED}">(reused)</span>' if step.is_reused else ""
    text = _escape(step.summary or step.waiting or (progress if step.state == "running" else ""))
    return (
        f'<tr><td style="{_CELL};white-space:nowrap">{mark} {_escape(step.name)}{reused}</td>'
        f'<td style="{_NUMBER}">{seconds}</td><td style="{_CELL}">{text}</td></tr>'
    )


def _render_places(result: "RunResult") -> str:
    rows = "".join(
        f'<div><span style="{_MUTED}">{name}</span> {place}</div>'
        for name, place in _list_places(result)
    )
    return f'<div style="margin:.4em 0">{rows}</div>' if rows else ""


def _list_places(result: "RunResult") -> Iterator[tuple[str, str]]:
    """Yield where the parts of a run's result are, as HTML; a browser opens only web pages."""
    if result.version:
        yield "Version:", _render_code(str(result.version["uri"]))
    if result.endpoint:
        yield "Endpoint:", _render_code(result.endpoint)
    if result.report_page:
        yield "Report:", _render_link(result.report_page)
    elif result.report:
        yield "Report:", _render_code(result.report)
    if result.page:
        yield "Page:", _render_link(result.page)


def _render_code(text: str) -> str:
    return f"<code>{_escape(text)}</code>"


def _render_link(address: str) -> str:
    if not address.startswith(("http://", "https://")):  # a record may come from anywhere
        return _render_code(address)
    return f'<a href="{_escape(address)}" target="_blank" rel="noopener">{_escape(address)}</a>'


def _escape(text: Any) -> str:
    return escape(make_printable(text, lines=True))
