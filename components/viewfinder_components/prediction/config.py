"""What to classify, with which version, and where the predictions go."""

from viewfinder_components.errors import ParameterError
from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import CountFromZero
from viewfinder_components.shared_parameters import ModelName, ModelRoot
from viewfinder_components.step import Step

_SUFFIX = ".parquet"


@configuration
class PredictConfig:
    """A batch prediction with a published version."""

    data: str
    """The photos, which need no labels: a folder, which is searched recursively, such as
    `s3://photos/new`; or a table (CSV, TSV or parquet) with a column `uri`."""
    model_root: ModelRoot
    model_name: ModelName
    output: str
    """The Parquet file to write, such as `s3://results/new.parquet`."""
    version: CountFromZero = 0
    """The version's number; 0 for the newest."""
    overwrite: bool = False
    """Whether predictions for other photos or of another version, or another file, may be
    replaced at `output`."""

    def __post_init__(self) -> None:
        if not self.output.lower().endswith(_SUFFIX):
            raise ParameterError(
                "output", f"the name of a file that ends in {_SUFFIX}", self.output
            )


STEP = Step("predict", (PredictConfig,), computes=True, reads_photos=True)
