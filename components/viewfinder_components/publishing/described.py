"""Add to a servable what check found out: the precision that is served, in manifest and card."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from viewfinder_components.formats.precision import ENTRY, F32, Candidate, PrecisionChoice
from viewfinder_components.formats.verdict import read_verdict
from viewfinder_components.reports.formatting import percent
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.temporary_folder import temporary_folder
from viewfinder_components.storage.version import MANIFEST

CARD = "card.md"
"""The model card, which describes the evaluation."""
_HEAD = (
    "| Precision | Passed | Accuracy | Difference | Interval | Same label | Median |\n"
    "|---|---|---:|---:|---:|---:|---:|"
)


@contextmanager
def with_precision(servable: Path, verdict_dir: Path | None) -> Iterator[Path]:
    """Yield a folder with the servable's files, whose manifest and card name the precision.

    Args:
        servable: The directory of the export step; it is not changed.
        verdict_dir: The directory of the check step; None for none, and then the servable itself
            is yielded.

    Raises:
        PermanentError: The verdict or the manifest cannot be read.
    """
    entry = None if verdict_dir is None else read_verdict(verdict_dir).get(ENTRY)
    if entry is None:
        yield servable
        return
    with temporary_folder("viewfinder-publish-") as scratch:
        folder = scratch / "servable"
        # Links in it stay links, which are not published.
        shutil.copytree(servable, folder, symlinks=True)
        _describe(folder, PrecisionChoice.read(entry))
        yield folder


def _describe(folder: Path, choice: PrecisionChoice) -> None:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    card = folder / CARD
    if CARD in manifest["files"] and card.exists():
        text = f"{card.read_text('utf-8')}\n{_write_section(choice)}"
        card.unlink()
        card.write_text(text, "utf-8")
        entry = {"sha256": digest_file(card), "bytes": card.stat().st_size}
        manifest["files"][CARD] = entry
    (folder / MANIFEST).unlink()
    text = json.dumps({**manifest, ENTRY: choice.to_json()}, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text, "utf-8")


def _write_section(choice: PrecisionChoice) -> str:
    """Return the card's section."""
    rows = "\n".join(map(_write_row, filter(lambda one: one.photos, choice.candidates)))
    order = ", ".join(choice.allowed)
    text = (
        f"## Precision\n\nThe predictor computes in {choice.allowed[0]}. {choice.reason}\n\n"
        f"It takes the first of these that its processor has: {order}. The metrics above are "
        "those of f32.\n"
    )
    return f"{text}\n{_HEAD}\n{rows}\n" if rows else text


def _write_row(one: Candidate) -> str:
    compared = (
        f"{100 * one.difference:+.1f}",
        f"{100 * one.low:+.1f} to {100 * one.high:+.1f}",
        percent(one.agreement),
    )
    cells = (
        one.name,
        "yes" if one.passed else "no",
        percent(one.accuracy),
        *(("", "", "") if one.name == F32 else compared),
        f"{one.p50_ms:.1f} ms",
    )
    return f"| {' | '.join(cells)} |"
