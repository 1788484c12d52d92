"""The predict step: classify photos with a published version."""

from pathlib import Path
from tempfile import TemporaryDirectory

from viewfinder_components.prediction.config import PredictConfig
from viewfinder_components.prediction.model import LocalModel
from viewfinder_components.prediction.output import open_output
from viewfinder_components.prediction.predict import predict_files
from viewfinder_components.prediction.result import BatchPrediction
from viewfinder_components.storage.models import find_version
from viewfinder_components.storage.store import open_store


def predict_with_version(config: PredictConfig) -> BatchPrediction:
    """Find a version, and classify photos with it.

    A step that is started again continues if its output is on a disk or a volume; if it is in a
    bucket, the finished parts are on this machine, and gone with a pod.

    Args:
        config: What to classify, with which version, and where the predictions go.

    Raises:
        PermanentError: There is no such version, or what `predict.predict_files` raises.
        TransientError: A store does not answer.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        output = open_output(config.output, folder / "parts")
        output.check()  # before the version is downloaded
        store = open_store(config.model_root)
        version = find_version(store, config.model_name, config.version, config.model_root)
        model = LocalModel.open(store.fetch(version, folder / "versions"))
        return predict_files(config.data, output, model, overwrite=config.overwrite)
