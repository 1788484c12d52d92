"""Run an OpenVINO model, in the same way for feature extraction, evaluation and the predictor."""

import os
import re
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.cores import limited_cores
from viewfinder_components.errors import PermanentError, reason_of
from viewfinder_components.explanation.class_map import Method
from viewfinder_components.explanation.pooled_head import find_pooled_head
from viewfinder_components.foreign_errors import need_memory
from viewfinder_components.formats.precision import F32, MODEL_FILES, Precision
from viewfinder_components.openvino import ov

_INPUT_SHAPE = re.compile(r"\[(?:[^,\]]+),(\d+),(\d+),3\]")
_LARGEST_SIDE = 4_096  # pixels; a damaged file may request more memory than exists
_ISA_LIMIT = "ONEDNN_MAX_CPU_ISA"
# Parts of the names that oneDNN's documentation lists (CPU dispatcher control).
_ISAS_WITH_BFLOAT16 = ("BF16", "FP16", "AMX", "AVX10", "AVX2_VNNI_2", "ALL", "DEFAULT")
# What is not quantized in an int8 model is computed in f32.
_COMPUTED_IN: dict[Precision, str] = {"f32": "f32", "bf16": "bf16", "int8": "f32"}


class Answers(NamedTuple):
    """What a model says about photos."""

    outputs: NDArray[np.float32]
    """float32 `[n, outputs]`."""
    features: NDArray[np.float32] | None
    """float32 `[n, f]`, the pooled features that the head sees; None where they were not asked for
    or the model does not pool."""


class Explained(NamedTuple):
    """What a model says about one photo, and why."""

    answers: Answers
    """As `InferenceModel.answer` gives them."""
    label: int
    """The place of the explained class."""
    class_map: NDArray[np.float32]
    """float32 `[rows, columns]` over the whole photo, see `Head.class_map`."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """float32 `[outputs]`."""
        row: NDArray[np.float32] = self.answers.outputs[0]
        return row


class InferenceModel:
    """A compiled model from uint8 pixels `[n, size, size, 3]` to float32 rows.

    Thread-safe: every call takes its own inference request.

    Args:
        model: The uncompiled model; its first input is the pixels.
        hint: OpenVINO's performance hint, `THROUGHPUT` for many batches at once,
            `LATENCY` for one request at a time.
        threads: Cores to use; None for OpenVINO's choice, within the container's limit.
        explains: Whether `explain` will be called. The feature maps are then a second output. With
            EfficientNet-Lite0 `predict` gives the same bits in f32 and int8, and in bf16 up to .002
            of difference; it takes 0.1 to 0.2 ms of 9.8 longer, and two compilations of the same
            model differ by 0.1 ms.
        precision: The model's, or bf16 for a model in f32. Without `has_bfloat16`, bf16 is slow.
        most: How many batches at once there will be at most; None for OpenVINO's choice by the
            cores. Each takes memory.
        features: Whether `answer` and `explain` will be asked for the pooled features. Where
            there are feature maps, these are averaged then, which costs nothing for other photos;
            else the features are a second output.
    """

    def __init__(
        self,
        model: ov.Model,
        hint: str = "THROUGHPUT",
        threads: int | None = None,
        explains: bool = False,
        precision: Precision = F32,
        most: int | None = None,
        features: bool = False,
    ) -> None:
        found = find_pooled_head(model) if explains or features else None
        self._pooled = found if explains else None
        self._features: int | None = None  # their place among the outputs
        if self._pooled is not None:
            model.add_outputs(self._pooled.maps)
        elif found is not None:
            self._features = len(model.outputs)
            model.add_outputs(found.pooled)
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_PRECISION_HINT": _COMPUTED_IN[precision],
            # By default, OpenVINO binds its threads to the machine's first cores. The processes of
            # all containers on a node would share these, while other cores have nothing to do.
            "ENABLE_CPU_PINNING": False,
        }
        threads = threads or limited_cores()
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = str(threads)
        if most is not None:
            settings["PERFORMANCE_HINT_NUM_REQUESTS"] = most
        self._compiled = ov.Core().compile_model(model, "CPU", settings)
        self.image_size = int(model.input(0).get_partial_shape()[1].get_length())
        # OpenVINO's Python layer initializes itself in the first call; two threads that were both
        # first would wait for each other forever.
        self.predict(np.zeros((1, self.image_size, self.image_size, 3), np.uint8))

    @classmethod
    def load(
        cls,
        directory: Path,
        hint: str = "THROUGHPUT",
        threads: int | None = None,
        explains: bool = False,
        precision: Precision = F32,
        most: int | None = None,
        features: bool = False,
    ) -> Self:
        """Read the files for the precision from `directory`; the rest is as for the class.

        Raises:
            PermanentError: The files are missing, are not an OpenVINO model, or have other inputs.
            TransientError: There is not enough memory.
        """
        path = directory / MODEL_FILES[precision][0]
        try:
            model = ov.Core().read_model(path)
        except RuntimeError as error:
            need_memory(error)
            raise PermanentError(
                f"an OpenVINO model at {path}", reason_of(error), "export the model again"
            ) from error
        _need_form(model, path)
        try:
            return cls(model, hint, threads, explains, precision, most, features)
        except RuntimeError as error:
            need_memory(error)
            raise PermanentError(
                f"a model at {path} that accepts uint8 pixels",
                reason_of(error)[:300],
                "export the model again",
            ) from error

    def predict(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run one batch.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.

        Returns:
            float32 `[n, outputs]`.
        """
        return self.answer(pixels).outputs

    def answer(self, pixels: NDArray[np.uint8], features: bool = False) -> Answers:
        """Run one batch.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.
            features: Whether to return the features as well; the model was loaded for them.
        """
        request = self._compiled.create_infer_request()
        # Shared, so that feature maps are not copied; the rest is.
        return self._copy(request.infer({0: pixels}, share_outputs=True), features)

    def _copy(self, outputs: Any, features: bool) -> Answers:
        rows = np.array(outputs[0], dtype=np.float32)
        return Answers(rows, self._pool(outputs) if features else None)

    def _pool(self, outputs: Any) -> NDArray[np.float32] | None:
        if self._pooled is not None:
            maps = np.moveaxis(outputs[1], self._pooled.feature_axis, -1)
            found: NDArray[np.float32] = maps.mean(axis=(1, 2), dtype=np.float32)
            return found
        place = self._features
        return None if place is None else np.array(outputs[place], dtype=np.float32)

    @property
    def streams(self) -> int:
        """How many batches it computes at the same time."""
        return int(self._compiled.get_property("NUM_STREAMS"))

    @property
    def explanation_method(self) -> Method | None:
        """How `explain` makes its maps; None where it cannot: no pooling, or not asked for."""
        return self._pooled and self._pooled.head.method

    def explain(
        self, pixels: NDArray[np.uint8], label: int | None = None, features: bool = False
    ) -> Explained:
        """Run one photo, and spread the logit of a class over it.

        Args:
            pixels: uint8 `[size, size, 3]`, RGB.
            label: The class's place; None for the most probable one.
            features: As for `answer`.

        Raises:
            PermanentError: `explanation_method` is None.
        """
        if self._pooled is None:
            raise PermanentError(
                "a model of global average pooling, dense layers and softmax, loaded to explain",
                "a model of another structure, or one loaded for predictions only",
                "ask for predictions only",
            )
        request = self._compiled.create_infer_request()
        outputs = request.infer({0: pixels[np.newaxis]}, share_outputs=True)
        answers = self._copy(outputs, features)
        maps = np.moveaxis(outputs[1], self._pooled.feature_axis, -1)[0]
        label = int(answers.outputs[0].argmax()) if label is None else label
        return Explained(answers, label, self._pooled.head.class_map(maps, label))

    def predict_many(self, pixels: NDArray[np.uint8], batch: int = 8) -> NDArray[np.float32]:
        """Run many photos with every core busy.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.
            batch: Photos per request; larger batches are no faster on 2 cores.

        Returns:
            float32 `[n, outputs]`, in the order of `pixels`.
        """
        return self.answer_many(pixels, batch).outputs

    def answer_many(
        self, pixels: NDArray[np.uint8], batch: int = 8, features: bool = False
    ) -> Answers:
        """Do the same, and return the features as well.

        Args:
            pixels: uint8 `[n, size, size, 3]`, RGB.
            batch: As for `predict_many`.
            features: Whether to; only a model that was loaded to explain has some.
        """
        answers = self._make_room(len(pixels), features)
        # Not OpenVINO's AsyncInferQueue: its callbacks need Python's lock, which a model that is
        # released right afterwards holds while it waits for them.
        parallel = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        waiting: deque[tuple[Any, int]] = deque()
        for start in range(0, len(pixels), batch):
            # Twice as many as run at a time, so that no core waits for us to collect results.
            if len(waiting) == 2 * parallel:
                request = self._collect(waiting, answers)
            else:
                request = self._compiled.create_infer_request()
            request.start_async({0: np.ascontiguousarray(pixels[start : start + batch])})
            waiting.append((request, start))
        while waiting:
            self._collect(waiting, answers)
        return answers

    def _make_room(self, photos: int, features: bool) -> Answers:
        outputs = int(self._compiled.output(0).get_partial_shape()[1].get_length())
        pooled = None
        if features and self._pooled is not None:
            pooled = np.empty((photos, self._pooled.head.inputs), np.float32)
        return Answers(np.empty((photos, outputs), np.float32), pooled)

    def _collect(self, waiting: deque[tuple[Any, int]], answers: Answers) -> Any:
        """Wait for the oldest request, store its rows and return the request for reuse."""
        request, start = waiting.popleft()
        request.wait()
        rows = request.get_output_tensor(0).data
        place = slice(start, start + len(rows))
        answers.outputs[place] = rows
        if answers.features is not None and self._pooled is not None:
            maps = np.moveaxis(request.get_output_tensor(1).data, self._pooled.feature_axis, -1)
            answers.features[place] = maps.mean(axis=(1, 2))
        return request


def has_bfloat16() -> bool:
    """Return whether the processor computes in bfloat16, and may.

    Without it, or where ONEDNN_MAX_CPU_ISA forbids it, OpenVINO imitates it slowly or fails, and
    its list of capabilities ignores the variable.
    """
    limit = os.environ.get(_ISA_LIMIT, "").upper()
    allowed = not limit or any(name in limit for name in _ISAS_WITH_BFLOAT16)
    return allowed and "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _need_form(model: ov.Model, path: Path) -> None:
    """Refuse a model that does not map squares of pixels to rows."""
    shapes = [str(port.get_partial_shape()) for port in (*model.inputs, *model.outputs)]
    found = _INPUT_SHAPE.fullmatch(shapes[0]) if len(shapes) == 2 and model.inputs else None
    if found is None or found[1] != found[2] or not 1 <= int(found[1]) <= _LARGEST_SIDE:
        raise PermanentError(
            f"a model at {path} with one input [?,side,side,3], side at most {_LARGEST_SIDE:,}, "
            "and one output",
            f"{len(model.inputs)} inputs and {len(model.outputs)} outputs of shapes "
            f"{', '.join(shapes)[:200] or 'none'}",
            "export the model again",
        )
