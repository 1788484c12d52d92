"""Run an OpenVINO model: one way for feature extraction, evaluation and the predictor."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError

_F32 = "f32"  # bf16 is faster where the CPU has it, but then outputs differ between machines


class InferenceModel:
    """A compiled model from uint8 pixels `[n, size, size, 3]` to float32 rows.

    Thread-safe: every call takes its own inference request.

    Args:
        model: The uncompiled model; its first input takes the pixels.
        hint: OpenVINO's performance hint, `THROUGHPUT` for many batches at once,
            `LATENCY` for one request at a time.
    """

    def __init__(self, model: ov.Model, hint: str = "THROUGHPUT") -> None:
        settings = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": _F32}
        self._compiled = ov.Core().compile_model(model, "CPU", settings)
        self.image_size = int(model.input(0).get_partial_shape()[1].get_length())

    @classmethod
    def load(cls, directory: Path, hint: str = "THROUGHPUT") -> Self:
        """Read `model.xml` and `model.bin` from `directory`.

        Raises:
            PermanentError: The files are missing or not an OpenVINO model.
        """
        path = directory / "model.xml"
        try:
            model = ov.Core().read_model(path)
        except RuntimeError as error:
            raise PermanentError(
                f"an OpenVINO model at {path}", str(error).strip(), "export the model again"
            ) from error
        return cls(model, hint)

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run one batch.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.

        Returns:
            float32 `[n, outputs]`.
        """
        request = self._compiled.create_infer_request()
        return np.array(request.infer({0: pixels})[0], dtype=np.float32)

    def predict_many(
        self, pixels: NDArray[np.uint8], batch: int = 8, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Run many photos with every core busy.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB; may be a memory map.
            batch: Photos a request; 8 is the fastest on 2 cores.
            out: Where to write; made when None.

        Returns:
            float32 `[n, outputs]`, in the order of `pixels`.
        """
        width = int(self._compiled.output(0).get_partial_shape()[1].get_length())
        rows = np.empty((len(pixels), width), np.float32) if out is None else out
        queue = ov.AsyncInferQueue(self._compiled)

        def store(request: Any, start: int) -> None:
            result = request.get_output_tensor(0).data
            rows[start : start + len(result)] = result

        queue.set_callback(store)
        for start in range(0, len(pixels), batch):
            queue.start_async({0: np.ascontiguousarray(pixels[start : start + batch])}, start)
        queue.wait_all()
        return rows
