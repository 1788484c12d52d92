"""Keep some test photos in the servable, for later deployments to send to the service."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path

from viewfinder_components.formats.samples import Sample, write_samples


def choose_kept(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """Choose photos, one of each class in turn, smallest files first.

    Args:
        samples: The evaluation's.
        limit: Maximum number of photos, at least 0.
    """
    classes: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(samples, key=lambda sample: (len(sample.content), sample.content)):
        classes[sample.label].append(sample)
    in_turn = chain.from_iterable(zip_longest(*(classes[label] for label in sorted(classes))))
    return [sample for sample in in_turn if sample is not None][:limit]


def write_kept(folder: Path, kept: Sequence[Sample]) -> None:
    """Write the photos in the evaluation's format; nothing if none is kept.

    Photos get new names: those who download the version must not learn where they came from.

    Args:
        folder: The servable's `samples`; made when there are photos.
        kept: What `choose_kept` chose.
    """
    if kept:
        write_samples(folder, [replace(sample, uri="") for sample in kept])
