"""Read every photo once, decide which ones to use and for what, and report it."""

from pathlib import Path

from viewfinder_components.formats.photo_index import write_summary
from viewfinder_components.photos.find import find_photos
from viewfinder_components.timing import Stopwatch
from viewfinder_components.validation.changes import ChangeWatch
from viewfinder_components.validation.config import ValidationConfig, ValidationResult
from viewfinder_components.validation.corrections import (
    Corrected,
    apply_corrections,
    read_corrections,
)
from viewfinder_components.validation.duplicates import (
    exclude_conflicts,
    exclude_copies,
    exclude_near_leaks,
)
from viewfinder_components.validation.findings import (
    class_counts,
    find_warnings,
    reason_counts,
    status_counts,
)
from viewfinder_components.validation.gates import check_gates, raise_failed
from viewfinder_components.validation.index import (
    clear_index,
    data_digest,
    write_index,
)
from viewfinder_components.validation.photo_table import PhotoTable
from viewfinder_components.validation.pixels import PixelReader, PixelWriter, clear_pixels
from viewfinder_components.validation.reading import read_photos
from viewfinder_components.validation.report import ReportContent, write_report
from viewfinder_components.validation.splits import assign_splits

__all__ = ["ValidationConfig", "ValidationResult", "validate_photos"]


def validate_photos(
    data: str, index_dir: Path, pixels_dir: Path, report_path: Path, config: ValidationConfig
) -> ValidationResult:
    """Read, judge and split the photos that `data` names.

    Anything an earlier run left in the directories is replaced; `summary.json` is written last, so
    a directory that has it is complete.

    Args:
        data: As for `photos.find.find_photos`.
        index_dir: Receives `index.parquet` and `summary.json`.
        pixels_dir: Receives the decoded photos, `part-00000.npy` and so on.
        report_path: Receives the HTML report.
        config: Sizes, shares, limits.

    Raises:
        PermanentError: `data` or the corrections cannot be read, or a gate fails. In the last case
            everything is still written, so that the user can see what is wrong.
    """
    watch = Stopwatch("validate")
    corrections = read_corrections(config.corrections) if config.corrections else None
    clear_index(index_dir)
    clear_pixels(pixels_dir)
    changes = ChangeWatch(config.photos_fingerprint, corrections.sha256 if corrections else b"")
    with watch.phase("read"), PixelWriter(pixels_dir, config.image_size) as pixels:
        photos = read_photos(changes.watch(find_photos(data, config.layout)), pixels, config)
    with watch.phase("compare"):
        corrected = apply_corrections(photos, corrections) if corrections else None
        exclude_conflicts(photos)
        leaked = exclude_copies(photos)
        leaked |= exclude_near_leaks(photos, config.near_duplicate_distance)
        groups = assign_splits(photos, config)
        gates = check_gates(photos, leaked, config)
        warnings = [
            *(corrected.warnings if corrected else ()),
            *changes.find_warnings(),
            *find_warnings(photos, groups),
        ]
    with watch.phase("index"):
        write_index(index_dir, photos)
        result = _result(photos, warnings, corrected, watch)
    with watch.phase("report"):
        reader = PixelReader(pixels_dir, config.image_size)
        write_report(report_path, ReportContent(data, photos, groups, gates, result, reader))
    write_summary(index_dir, _summary(data, photos, config, result))
    raise_failed(gates)
    return result


def _result(
    photos: PhotoTable, warnings: list[str], corrected: Corrected | None, watch: Stopwatch
) -> ValidationResult:
    counts = status_counts(photos)
    return ValidationResult(
        counts=counts,
        labels=[label for label, of in class_counts(photos).items() if sum(of.values())],
        photos=counts["used"],
        data_digest=data_digest(photos),
        warnings=warnings,
        relabelled=corrected.relabelled if corrected else None,
        dropped=corrected.dropped if corrected else 0,
        seconds=watch.seconds,
    )


def _summary(
    data: str, photos: PhotoTable, config: ValidationConfig, result: ValidationResult
) -> dict[str, object]:
    classes = class_counts(photos)
    return {
        "data": data.encode("utf-8", "replace").decode(),
        "image_size": config.image_size,
        "labels": result.labels,
        "data_digest": result.data_digest,
        "counts": result.counts,
        "classes": {label: classes[label] for label in result.labels},
        "reasons": {
            f"{status}: {kind}": count for (status, kind), count in reason_counts(photos).items()
        },
        "warnings": result.warnings,
        "seconds": {phase: round(seconds, 3) for phase, seconds in result.seconds.items()},
    }
