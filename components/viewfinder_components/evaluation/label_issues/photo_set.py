"""The photos of all splits, with their features and perceptual hashes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.evaluation.inputs import EvaluationInputs
from viewfinder_components.evaluation.scoring import BATCH, predict_photos
from viewfinder_components.formats.features import read_features
from viewfinder_components.formats.photo_index import INDEX
from viewfinder_components.formats.shards import SPLITS, Split


@dataclass(frozen=True)
class PhotoSet:
    """Every used photo once: the train photos, then val, then test, each in its split's order."""

    splits: tuple[Split, ...]
    labels: NDArray[np.int32]
    """int32 `[n]`: the position of each photo's class among the classes."""
    hashes: NDArray[np.uint64]
    """uint64 `[n]`, perceptual hashes."""
    features: NDArray[np.float32] | None
    """float32 `[n, f]`; None if the model does not pool."""
    features_saw_labels: bool
    """Whether the backbone that computed them was trained on these labels."""

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def collect(
        cls,
        inputs: EvaluationInputs,
        model_dir: Path,
        index_dir: Path,
        test_features: NDArray[np.float32] | None,
    ) -> Self:
        """Read the hashes from the index, and the features that train has left or compute them.

        Args:
            inputs: The evaluation's.
            model_dir: The model's.
            index_dir: The index of validate.
            test_features: float32 `[n, f]` of the test photos; None if the model does not pool.

        Raises:
            PermanentError: The index cannot be read or is of other photos.
        """
        splits = tuple(inputs.shards.split(name) for name in SPLITS)
        return cls(
            splits,
            np.concatenate([split.labels for split in splits]),
            _read_hashes(index_dir / INDEX, splits),
            _all_features(inputs, model_dir, splits, test_features),
            inputs.backbone_was_trained,
        )

    def place(self, photo: int) -> tuple[Split, int]:
        """Return a photo's split and its place there."""
        for split in self.splits:
            if photo < len(split):
                return split, photo
            photo -= len(split)
        raise IndexError(photo)

    def column(self, name: str) -> list[str]:
        """Return a column of the splits' lists of photos: uri or sha256."""
        return [value for split in self.splits for value in split.photos[name].to_pylist()]


def _all_features(
    inputs: EvaluationInputs,
    model_dir: Path,
    splits: tuple[Split, ...],
    test_features: NDArray[np.float32] | None,
) -> NDArray[np.float32] | None:
    if test_features is None:
        return None
    width = test_features.shape[1]
    parts = [*(_features(inputs, model_dir, split, width) for split in splits[:-1]), test_features]
    return np.concatenate([part for part in parts if part is not None])


def _features(
    inputs: EvaluationInputs, model_dir: Path, split: Split, width: int
) -> NDArray[np.float32] | None:
    """Return what train has left, if it fits the test photos' features, or compute it."""
    stored = read_features(model_dir, split)
    if stored is not None and stored.shape[1] == width:
        return stored
    if not len(split):
        return None
    batches = (pixels for pixels, _ in split.batches(BATCH))
    what = f"evaluate: features of {split.name} photos"
    return predict_photos(inputs.model, batches, len(split), what, features=True).features


def _read_hashes(path: Path, splits: tuple[Split, ...]) -> NDArray[np.uint64]:
    """Return the photos' perceptual hashes, found by the digests of their bytes."""
    wanted = pa.chunked_array([part for split in splits for part in split.photos["sha256"].chunks])
    try:
        index = pq.read_table(path, columns=["sha256", "perceptual_hash"])
        places = pc.index_in(wanted, value_set=index["sha256"])
        found = index["perceptual_hash"].take(places).to_pylist()
        return np.array([int(digits, 16) for digits in found], np.uint64)
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise PermanentError(
            f"the photos of the shards with their perceptual hashes in {path}",
            reason_of(error)[:300],
            "pass the index of the validate step that the shards were made from",
        ) from error
