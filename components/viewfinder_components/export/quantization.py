"""Write the int8 model beside the other one: NNCF's post-training quantization.

NNCF rounds weights to 8 bits, and finds the ranges of all activations on photos of the training
split. Photos of the test split are never used: they judge the result.
"""

import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.explanation.pooled_head import find_pooled_head
from viewfinder_components.export.config import ExportConfig
from viewfinder_components.foreign_errors import name_cause
from viewfinder_components.formats.drawn_photos import DrawnPhotos
from viewfinder_components.formats.precision import AUTO, MODEL_FILES, explain_few
from viewfinder_components.openvino import ov
from viewfinder_components.progress import Progress

_log = logging.getLogger(__name__)


class NotQuantizedError(Exception):
    """There is no int8 model; the argument is the reason, in a sentence."""


def find_photos(calibration_dir: Path | None, config: ExportConfig) -> NDArray[np.uint8]:
    """Read the photos of the training split with which to calibrate.

    Args:
        calibration_dir: The training photos that preprocess drew; None for none.
        config: Which precision may be served, and how many test photos it takes to prove it.

    Returns:
        uint8 `[n, size, size, 3]`, RGB.

    Raises:
        NotQuantizedError: No int8 model is wanted, or check could not prove it.
        PermanentError: The photos cannot be read.
    """
    if config.precision_served not in (AUTO, "int8"):
        raise NotQuantizedError(
            f"There is no int8 model, because precision_served is {config.precision_served}."
        )
    if calibration_dir is None:
        raise NotQuantizedError(
            "There is no int8 model, because export was given no photos to calibrate it."
        )
    photos = DrawnPhotos.open(calibration_dir, "train")
    if (tests := photos.counts["test"]) < config.least_photos:
        raise NotQuantizedError(
            f"There is no int8 model. {explain_few(tests, config.least_photos)}"
        )
    return photos.pixels()


def quantize(model_dir: Path, photos: NDArray[np.uint8], folder: Path) -> None:
    """Write the int8 model.

    Args:
        model_dir: `model.xml` and `model.bin`.
        photos: uint8 `[n, size, size, 3]`, with which the ranges are found.
        folder: Where to write.

    Raises:
        NotQuantizedError: NNCF is missing, or cannot quantize the model.
    """
    model = ov.Core().read_model(model_dir / MODEL_FILES["f32"][0])
    try:
        made = _run_nncf(model, photos)
    except ImportError as error:
        raise NotQuantizedError(
            "There is no int8 model, because the package nncf is not installed."
        ) from error
    except Exception as error:  # NNCF has no base class for what it raises
        raise NotQuantizedError(
            f"There is no int8 model, because NNCF could not quantize this one: "
            f"{name_cause(error)}."
        ) from error
    if not any(_has_bytes(node) for node in made.get_ops()):
        raise NotQuantizedError(
            "There is no int8 model, because NNCF found no weights that it can quantize."
        )
    ov.save_model(made, folder / MODEL_FILES["int8"][0], compress_to_fp16=False)


def _run_nncf(model: ov.Model, photos: NDArray[np.uint8]) -> ov.Model:
    # Late: it takes a second. After `openvino`, which keeps out the telemetry of both.
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    progress = Progress("export: photos for int8", len(photos))

    def feed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        progress.advance()
        return pixels[np.newaxis]

    with _quiet():
        return nncf.quantize(
            model,
            nncf.Dataset(list(photos), feed),
            subset_size=len(photos),
            ignored_scope=_leave_head(nncf, model),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                # Processors without VNNI add products of 8 bits in 16, which overflow: with all
                # weights in 7 bits they do not, and answer like the others.
                overflow_fix=nncf.OverflowFix.ENABLE
            ),
        )


def _has_bytes(node: Any) -> bool:
    """Return whether a node holds weights of 8 bits."""
    return bool(node.get_type_name() == "Constant" and node.get_element_type() == ov.Type.i8)


def _leave_head(nncf: Any, model: ov.Model) -> Any:
    """Leave the dense layers after the pooling in f32.

    They take a thousandth of the time, and class activation maps are read from their weights.
    """
    pooled = find_pooled_head(model) is not None
    return nncf.IgnoredScope(types=["MatMul"] if pooled else [], validate=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hide the progress bars that NNCF draws on standard output; `Progress` logs lines."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
