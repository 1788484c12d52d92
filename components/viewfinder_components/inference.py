"""Run an OpenVINO model: one way for feature extraction, evaluation and the predictor."""

import re
from collections import deque
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.openvino import ov

_INPUT_SHAPE = re.compile(r"\[(?:[^,\]]+),(\d+),(\d+),3\]")
_LARGEST_SIDE = 4_096  # pixels; a damaged file may ask for more memory than there is
_F32 = "f32"  # bf16 is faster where the CPU has it, but then outputs differ between machines


class InferenceModel:
    """A compiled model from uint8 pixels `[n, size, size, 3]` to float32 rows.

    Thread-safe: every call takes its own inference request.

    Args:
        model: The uncompiled model; its first input takes the pixels.
        hint: OpenVINO's performance hint, `THROUGHPUT` for many batches at once,
            `LATENCY` for one request at a time.
        threads: Cores to use; None for all that OpenVINO sees, which in a container may be all of
            the node's.
    """

    def __init__(
        self, model: ov.Model, hint: str = "THROUGHPUT", threads: int | None = None
    ) -> None:
        settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": _F32}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        self._compiled = ov.Core().compile_model(model, "CPU", settings)
        self.image_size = int(model.input(0).get_partial_shape()[1].get_length())
        # OpenVINO's Python layer sets itself up in the first call; two threads that were both
        # first would wait for each other for ever.
        self.predict(np.zeros((1, self.image_size, self.image_size, 3), np.uint8))

    @classmethod
    def load(cls, directory: Path, hint: str = "THROUGHPUT", threads: int | None = None) -> Self:
        """Read `model.xml` and `model.bin` from `directory`.

        Raises:
            PermanentError: The files are missing or not an OpenVINO model, or one of another form.
        """
        path = directory / "model.xml"
        try:
            model = ov.Core().read_model(path)
        except RuntimeError as error:
            raise PermanentError(
                f"an OpenVINO model at {path}", str(error).strip(), "export the model again"
            ) from error
        _need_form(model, path)
        try:
            return cls(model, hint, threads)
        except RuntimeError as error:
            raise PermanentError(
                f"a model at {path} that takes uint8 pixels",
                str(error).strip()[:300],
                "export the model again",
            ) from error

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run one batch.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.

        Returns:
            float32 `[n, outputs]`.
        """
        request = self._compiled.create_infer_request()
        return np.array(request.infer({0: pixels})[0], dtype=np.float32)

    def predict_many(self, pixels: NDArray[np.uint8], batch: int = 8) -> NDArray[np.float32]:
        """Run many photos with every core busy.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.
            batch: Photos a request; more are no faster on 2 cores.

        Returns:
            float32 `[n, outputs]`, in the order of `pixels`.
        """
        width = int(self._compiled.output(0).get_partial_shape()[1].get_length())
        rows = np.empty((len(pixels), width), np.float32)
        # Not OpenVINO's AsyncInferQueue: its callbacks want Python's lock, which a model that is
        # let go right afterwards holds while it waits for them.
        parallel = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        waiting: deque[tuple[Any, int]] = deque()
        for start in range(0, len(pixels), batch):
            # Twice as many as run at a time, so that no core waits for us to collect.
            if len(waiting) == 2 * parallel:
                request = _collect(waiting, rows)
            else:
                request = self._compiled.create_infer_request()
            request.start_async({0: np.ascontiguousarray(pixels[start : start + batch])})
            waiting.append((request, start))
        while waiting:
            _collect(waiting, rows)
        return rows


def _need_form(model: ov.Model, path: Path) -> None:
    """Refuse a model that does not take squares of pixels and give rows."""
    shapes = [str(port.get_partial_shape()) for port in (*model.inputs, *model.outputs)]
    found = _INPUT_SHAPE.fullmatch(shapes[0]) if len(shapes) == 2 and model.inputs else None
    if found is None or found[1] != found[2] or not 1 <= int(found[1]) <= _LARGEST_SIDE:
        raise PermanentError(
            f"a model at {path} of one input [?,side,side,3], of a side up to {_LARGEST_SIDE:,}, "
            "and one output",
            f"{len(model.inputs)} inputs and {len(model.outputs)} outputs of the shapes "
            f"{', '.join(shapes)[:200] or 'none'}",
            "export the model again",
        )


def _collect(waiting: deque[tuple[Any, int]], rows: NDArray[np.float32]) -> Any:
    """Wait for the oldest request, store its rows and return it for another use."""
    request, start = waiting.popleft()
    request.wait()
    result = request.get_output_tensor(0).data
    rows[start : start + len(result)] = result
    return request
