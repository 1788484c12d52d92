"""Keep some test photos in the servable: a later deployment asks the service about them."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

from viewfinder_components.export.inputs import EvaluatedPhoto
from viewfinder_components.whole_files import write_json

INDEX = "samples.json"


def choose_kept(samples: Sequence[EvaluatedPhoto], limit: int) -> list[EvaluatedPhoto]:
    """Choose photos in turn, one of each class, those with the smallest files first.

    Args:
        samples: The evaluation's.
        limit: Most photos to choose, at least 0.
    """
    classes: dict[str, list[EvaluatedPhoto]] = defaultdict(list)
    for sample in sorted(samples, key=lambda sample: (len(sample.content), sample.content)):
        classes[sample.label].append(sample)
    in_turn = chain.from_iterable(zip_longest(*(classes[label] for label in sorted(classes))))
    return [sample for sample in in_turn if sample is not None][:limit]


def write_kept(folder: Path, kept: Sequence[EvaluatedPhoto]) -> None:
    """Write the photos and `samples.json`, in the evaluation's form; nothing where none is kept.

    Photos get new names: where they came from is nobody's business who downloads the version.

    Args:
        folder: The servable's `samples`; made when there are photos.
        kept: What `choose_kept` chose.
    """
    if not kept:
        return
    folder.mkdir()
    entries = []
    for place, sample in enumerate(kept):
        name = f"sample-{place:03d}{sample.suffix}"
        (folder / name).write_bytes(sample.content)
        entries.append(
            {
                "file": name,
                "uri": f"{folder.name}/{name}",
                "label": sample.label,
                "probabilities": sample.probabilities.tolist(),
            }
        )
    write_json(folder / INDEX, entries)
