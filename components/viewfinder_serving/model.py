"""The model in kserve's server: registered, ready or not, described, queried."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from viewfinder_components.photos.decode import PREPROCESSING
from viewfinder_serving import metrics
from viewfinder_serving.classifier import Classifier
from viewfinder_serving.kserve_sdk import DataPlane, Model, ModelRepository
from viewfinder_serving.servable import Servable
from viewfinder_serving.tensors import describe_inputs, describe_outputs
from viewfinder_serving.work import Question, Work


class PhotoModel(Model):  # type: ignore[misc]  # kserve is not typed
    """A classifier of photos behind kserve's model interface.

    kserve runs `predict` on its event loop; here the loop only waits, and requests are processed
    in threads, as many at a time as there are cores, so that health is answered meanwhile. Requests
    whose photos take much memory or time have their own threads, fewer than the cores, and wait
    there for each other: otherwise the other requests would wait behind them. A request of many
    photos lets the others in between its photos.

    Args:
        name: The name in the URLs.
        servable: The loaded model.
        classifier: The classifier that uses it.
        threads: Number of requests processed at once.
    """

    def __init__(self, name: str, servable: Servable, classifier: Classifier, threads: int) -> None:
        super().__init__(name)
        self.version = servable.version
        self.labels = servable.labels
        self.platform = servable.platform
        self.image_size = servable.model.image_size
        self.properties = dict(servable.list_properties())
        self.explains = servable.model.explanation_method is not None
        self._classifier = classifier
        self._cores = ThreadPoolExecutor(threads, thread_name_prefix="photo")
        heavy_threads = max(1, threads - 1)
        self._heavy = ThreadPoolExecutor(heavy_threads, thread_name_prefix="heavy")
        # Of the requests that take more than one turn, few take turns with each other and the rest
        # wait for their end: if all did, an overload of them would let none end in time.
        self._turns = asyncio.Semaphore(2 * threads)
        self._heavy_turns = asyncio.Semaphore(heavy_threads)
        self._present = 0
        metrics.THREADS.set(threads)
        metrics.REQUESTS_WAITING.set_function(lambda: max(0, self._present - threads))
        metrics.MODEL_INFO.labels(
            name,
            servable.version,
            servable.run_id,
            str(len(servable.labels)),
            servable.precision.name,
            servable.digest,
        ).set(1)
        if servable.created is not None:
            metrics.MODEL_CREATED.labels(name, servable.version).set(servable.created)
        self.load()

    async def predict(self, payload: Question, headers: dict[str, str] | None = None) -> Any:
        """Answer one request on free cores, in turns with others. Cancelled, it takes no more."""
        work = Work(payload, self._classifier, self._is_alone)
        self._present += 1
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._cores, work.begin)
            return await self._finish(work) if answer is None else answer
        finally:
            self._present -= 1
            work.forget()

    async def _finish(self, work: Work) -> Any:
        loop = asyncio.get_running_loop()
        threads, turns = (
            (self._heavy, self._heavy_turns) if work.is_heavy else (self._cores, self._turns)
        )
        async with turns:
            while (answer := await loop.run_in_executor(threads, work.advance)) is None:
                pass
        return answer

    def _is_alone(self) -> bool:
        """Whether no request is being processed or waits for it, except the one that asks."""
        return self._present == 1

    def get_input_types(self) -> list[dict[str, object]]:
        """Return the inputs for the metadata."""
        return describe_inputs()

    def get_output_types(self) -> list[dict[str, object]]:
        """Return the outputs for the metadata."""
        return describe_outputs(len(self.labels))

    def close(self) -> None:
        """Wait for the work in progress and end the threads."""
        self.ready = False
        self._cores.shutdown(cancel_futures=True)
        self._heavy.shutdown(cancel_futures=True)


class PhotoDataPlane(DataPlane):  # type: ignore[misc]
    """kserve's interface between protocols and models, with true readiness and metadata."""

    def __init__(self, model_registry: ModelRepository) -> None:
        super().__init__(model_registry)
        self._draining = False

    def drain(self) -> None:
        """Report not ready from now on, while requests are still answered."""
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
        return {
            **described,
            "platform": model.platform,
            "versions": [model.version],
            "parameters": {"image_size": model.image_size, "preprocessing": PREPROCESSING},
            "properties": model.properties,
        }
