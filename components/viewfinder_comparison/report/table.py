"""The table of a comparison in Markdown, for documents."""

from viewfinder_comparison.report.rows import summary_rows
from viewfinder_comparison.results import P99_LIMITS_MS, Comparison
from viewfinder_components.printable import make_printable

_HEADS = (
    "server",
    *(f"photos/s, p99 ≤ {limit} ms" for limit in P99_LIMITS_MS),
    "cold start, s",
    "memory, MB",
    "installed, MB",
    "CPU s per 1,000 photos",
    "lines of code",
)


def write_table(comparison: Comparison) -> str:
    """Return the table, with a line about the machine and the rows that were not measured."""
    lines = [_row(_HEADS), _row(["---"] * len(_HEADS))]
    for row in summary_rows(comparison):
        rates = [rate["text"] for rate in row["rates"]]
        rest = (row["cold_start"], row["memory"], row["install"], row["cpu"], str(row["lines"]))
        lines.append(_row([row["title"], *rates, *rest]))
    for server in comparison.servers:
        if server.reason:
            lines.append(f"\n{server.title}, {server.state}: {server.reason}")
    table = "\n".join([describe_conditions(comparison), "", *lines])
    return make_printable(table, lines=True) + "\n"


def describe_conditions(comparison: Comparison) -> str:
    """Return in a sentence on what machine and how it was measured."""
    machine, settings, model = comparison.machine, comparison.settings, comparison.model
    shared = "which the clients share" if not machine.client_cores else "the clients on others"
    rounds = "one round" if settings.rounds == 1 else f"the medians of {settings.rounds} rounds"
    return (
        f"Measured on {machine.cores} cores ({machine.processor}), {shared}: {rounds}, "
        f"{settings.seconds:g} s for each load, {model.photos} photos of "
        f"{model.photo_bytes / 1e3:.1f} KB, the model {model.name}/{model.version}, "
        f"{comparison.created[:10]}."
    )


def _row(cells: "tuple[str, ...] | list[str]") -> str:
    return f"| {' | '.join(cells)} |"
