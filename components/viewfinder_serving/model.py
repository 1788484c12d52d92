"""The model as kserve's server knows it: registered, ready or not, described, asked."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from viewfinder_serving import metrics
from viewfinder_serving.classifier import Classifier
from viewfinder_serving.kserve_sdk import DataPlane, Model, ModelRepository
from viewfinder_serving.servable import Servable
from viewfinder_serving.tensors import describe_inputs, describe_outputs

Question = Callable[[Classifier], Any]
"""Parses a request, asks the classifier and words the answer: all of it needs a core."""


class PhotoModel(Model):  # type: ignore[misc]  # kserve is not typed
    """A classifier of photos behind kserve's model interface.

    kserve runs `predict` on its event loop; here the loop only waits, and as many requests as there
    are cores are worked on in threads, so that health is answered meanwhile.

    Args:
        name: The name in the URLs.
        servable: The loaded model.
        max_pixels: Largest photo, in pixels.
        threads: Requests worked on at once.
    """

    def __init__(self, name: str, servable: Servable, max_pixels: int, threads: int) -> None:
        super().__init__(name)
        self.version = servable.version
        self.labels = servable.labels
        self._classifier = Classifier(servable, max_pixels)
        self._cores = ThreadPoolExecutor(threads, thread_name_prefix="photo")
        metrics.MODEL_INFO.labels(
            name, servable.version, servable.run_id, str(len(servable.labels))
        ).set(1)
        self.load()

    async def predict(self, payload: Question, headers: dict[str, str] | None = None) -> Any:
        """Answer one question on a free core."""
        asked = time.monotonic()

        def answer() -> Any:
            metrics.QUEUE_SECONDS.observe(time.monotonic() - asked)
            return payload(self._classifier)

        return await asyncio.get_running_loop().run_in_executor(self._cores, answer)

    def get_input_types(self) -> list[dict[str, object]]:
        """Return the inputs for the metadata."""
        return describe_inputs()

    def get_output_types(self) -> list[dict[str, object]]:
        """Return the outputs for the metadata."""
        return describe_outputs(len(self.labels))

    def close(self) -> None:
        """Wait for the work in hand and end the threads."""
        self.ready = False
        self._cores.shutdown(cancel_futures=True)


class PhotoDataPlane(DataPlane):  # type: ignore[misc]
    """kserve's way from a protocol to a model, telling the truth about readiness and metadata."""

    def __init__(self, model_registry: ModelRepository) -> None:
        super().__init__(model_registry)
        self._draining = False

    def drain(self) -> None:
        """Be not ready from now on, while requests are still answered."""
        self._draining = True
        metrics.READY.set(0)

    async def ready(self) -> bool:
        """Whether every model is loaded and the server is not about to stop."""
        models = self.model_registry.get_models()
        return not self._draining and bool(models) and all(m.ready for m in models.values())

    def metadata(self) -> dict[str, Any]:
        """Return the server's metadata."""
        try:
            own = version("viewfinder")
        except PackageNotFoundError:  # imported from a source tree that was never installed
            own = "dev"
        return {"name": "viewfinder", "version": own, "extensions": ["binary_tensor_data"]}

    async def model_metadata(self, model_name: str) -> dict[str, Any]:
        """Return a model's metadata.

        Raises:
            ModelNotFound: There is no model of this name.
        """
        described = await super().model_metadata(model_name)
        model: PhotoModel = self.get_model_from_registry(model_name)
        return {**described, "platform": "openvino_ir", "versions": [model.version]}
