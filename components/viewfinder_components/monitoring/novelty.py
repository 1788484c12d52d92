"""How unlike the training photos a photo is, by the features that the model computes anyway.

The features' main directions are modelled as one normal distribution per class, all with the same
covariance (Lee et al., NeurIPS 2018); what the other directions hold, which is little for photos
like those of training, is added (the residual of ViM, Wang et al., CVPR 2022). In the main
directions alone, photos of something else entirely lie near the middle and look familiar.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.array_files import DamagedArraysError, reading_arrays

DRIFT_MODEL = "drift.npz"
"""The file's name in a version."""
_MOST_DIRECTIONS = 64  # 330 kB for the 1,280 features of EfficientNet-Lite0
_PHOTOS_PER_DIRECTION = 4
_LEAST_PHOTOS = 2 * _PHOTOS_PER_DIRECTION
_SHRINKAGE = 0.05  # of the covariance, towards equal variances
_TINY = 1e-12


@dataclass(frozen=True)
class Novelty:
    """A model of the training photos' features; f features, k directions, c classes."""

    centre: NDArray[np.float32]
    """float32 `[f]`: the mean of the features."""
    directions: NDArray[np.float32]
    """float32 `[f, k]`: the main directions, orthonormal."""
    whitening: NDArray[np.float32]
    """float32 `[k, k]`: from these to coordinates whose covariance within a class is 1 / k."""
    means: NDArray[np.float32]
    """float32 `[c, k]`: the classes' means in these coordinates."""
    residual: float
    """Mean squared length of what the main directions leave of a training photo's features."""

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Measure how far photos are from the nearest class.

        Args:
            features: float32 `[n, f]`, pooled, as `InferenceModel.answer_many` returns them.

        Returns:
            float64 `[n]`, at least 0; about 2 on average for the training photos themselves, more
            for others of their kind.
        """
        centred = features - self.centre
        main = centred @ self.directions
        rest = np.einsum("nf,nf->n", centred, centred) - np.einsum("nk,nk->n", main, main)
        offsets = (main @ self.whitening)[:, np.newaxis] - self.means
        nearest = np.einsum("nck,nck->nc", offsets, offsets).min(axis=1)
        found: NDArray[np.float64] = (
            nearest.astype(np.float64) + np.maximum(rest, 0) / self.residual
        )
        return found

    @classmethod
    def fit(cls, features: NDArray[np.float32], labels: NDArray[np.int32]) -> Self | None:
        """Fit the model.

        Args:
            features: float32 `[n, f]` of training photos.
            labels: int32 `[n]`: their classes.

        Returns:
            None for fewer than 8 photos, or features that are all the same.
        """
        if len(features) < _LEAST_PHOTOS:
            return None
        exact = features.astype(np.float64)
        centre = exact.mean(axis=0)
        exact -= centre
        directions = _find_directions(exact)
        if not directions.shape[1]:
            return None
        main = exact @ directions
        residual = float(np.square(exact).sum() - np.square(main).sum()) / len(exact)
        classes, places = np.unique(labels, return_inverse=True)
        means = np.stack([main[places == place].mean(axis=0) for place in range(len(classes))])
        within = main - means[places]
        covariance = within.T @ within / max(len(exact) - len(classes), 1)
        spread = float(np.trace(covariance)) / len(covariance)
        if spread < _TINY:
            return None
        shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * spread * np.eye(len(covariance))
        whitening = np.linalg.cholesky(np.linalg.inv(shrunk)) / len(covariance) ** 0.5
        return cls(
            centre.astype(np.float32),
            directions.astype(np.float32),
            whitening.astype(np.float32),
            (means @ whitening).astype(np.float32),
            max(residual, _SHRINKAGE * spread),
        )

    def write(self, folder: Path) -> None:
        """Write `drift.npz` into a folder that exists; the same model gives the same bytes."""
        with (folder / DRIFT_MODEL).open("wb") as file:
            np.savez(file, **vars(self))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the model of a version; None if the version has none.

        Raises:
            PermanentError: It is damaged.
        """
        path = folder / DRIFT_MODEL
        if not path.exists():
            return None
        try:
            with reading_arrays(path) as stored:
                names = cls.__dataclass_fields__
                return cls._checked({name: stored[name] for name in names})
        except DamagedArraysError as error:
            raise PermanentError(
                f"a drift model in {path}", str(error), "export the model again, and publish it"
            ) from error

    @classmethod
    def _checked(cls, parts: dict[str, NDArray[np.float32]]) -> Self:
        width, count = parts["directions"].shape
        shapes = {
            "centre": (width,),
            "directions": (width, count),
            "whitening": (count, count),
            "means": (len(parts["means"]), count),
            "residual": (),
        }
        for name, shape in shapes.items():
            part = parts[name]
            is_filled = part.size > 0 and np.isfinite(part).all()
            if part.shape != shape or part.dtype.kind != "f" or not is_filled:
                raise ValueError(f"{name}: {part.dtype} of shape {part.shape}")
        residual = float(parts.pop("residual"))
        if not residual > 0:
            raise ValueError(f"residual: {residual}")
        return cls(**parts, residual=residual)


def _find_directions(centred: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the main directions of centred features `[n, f]`: float64 `[f, k]`."""
    most = min(_MOST_DIRECTIONS, len(centred) // _PHOTOS_PER_DIRECTION)
    # The smaller of the two products that have the same eigenvalues.
    is_wide = len(centred) < centred.shape[1]
    product = centred @ centred.T if is_wide else centred.T @ centred
    values, vectors = np.linalg.eigh(product)
    chosen = np.argsort(values)[::-1][:most]
    chosen = chosen[values[chosen] > _TINY * max(values[chosen[0]], _TINY)]
    found = vectors[:, chosen]
    if is_wide:
        found = centred.T @ found / np.sqrt(values[chosen])
    # A direction has no sign; without a rule, it would vary between processors.
    largest = np.abs(found).argmax(axis=0)
    signs: NDArray[np.float64] = np.sign(found[largest, np.arange(found.shape[1])])
    return found * signs
