"""The steps of batch prediction, and their parameters.

`predict` does all the work by itself. If there are shards, `divide` lists the files and chooses the
version, `classify` does the part of one shard, and `predict` what is then left: to put everything
together.
"""

import re
from typing import Annotated

from pydantic import Field

from viewfinder_components.parameters import configuration
from viewfinder_components.prediction.outputs.output_name import SUFFIX, is_output_name
from viewfinder_components.prediction.shards.shard import RULE, is_shard
from viewfinder_components.ranges import CountFromZero, Described, Text
from viewfinder_components.shared_parameters import ModelName, ModelRoot
from viewfinder_components.step import Step

_MOST_SHARDS = 64
_JOB = re.compile(r"([0-9a-f]{32})?")

Data = Annotated[
    str,
    Described(
        "The photos, which need no labels: a folder, which is searched recursively, such as "
        "`s3://photos/new`; or a table (CSV, TSV or parquet) with a column `uri`."
    ),
]
OutputFile = Annotated[
    str,
    Text(f"the name of a file that ends in {SUFFIX}", is_output_name),
    Described("The Parquet file to write, such as `s3://results/new.parquet`."),
]
VersionNumber = Annotated[CountFromZero, Described("The version's number; 0 for the newest.")]
Overwrite = Annotated[
    bool,
    Described(
        "Whether predictions for other photos or of another version, or another file, may be "
        "replaced at `output`."
    ),
]
Job = Annotated[
    str,
    Text("the output job of `divide`, or empty", _JOB.fullmatch),
    Described("What `divide` has divided; empty if the work was not divided into shards."),
]
Shards = Annotated[int, Field(ge=1, le=_MOST_SHARDS)]


@configuration
class DivideConfig:
    """Work that may be divided into shards."""

    data: Data
    model_root: ModelRoot
    model_name: ModelName
    output: OutputFile
    version: VersionNumber = 0
    overwrite: Overwrite = False
    shards: Shards = 1
    """Into how many shards the photos are divided, each for a pod of its own; on one machine, they
    are classified one after another. There are no more shards than parts of 1,024 files."""


@configuration
class ClassifyConfig:
    """The work on one shard."""

    model_root: ModelRoot
    model_name: ModelName
    output: OutputFile
    shard: Annotated[
        str, Text(RULE, is_shard), Described("Which shard, and of how many, such as `2/3`.")
    ]
    job: Job = ""


@configuration
class PredictConfig:
    """A batch prediction with a published version."""

    data: Data
    model_root: ModelRoot
    model_name: ModelName
    output: OutputFile
    version: VersionNumber = 0
    overwrite: Overwrite = False
    job: Job = ""


STEP = Step("predict", (PredictConfig,), computes=True, reads_photos=True)
DIVIDE = Step("divide", (DivideConfig,), reads_photos=True)
CLASSIFY = Step("classify", (ClassifyConfig,), computes=True, reads_photos=True)
