"""Which published version to deploy."""

import re

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import CountFromZero
from viewfinder_components.shared_parameters import ModelName, ModelRoot
from viewfinder_components.spelling import spell
from viewfinder_components.step import Role, Step
from viewfinder_components.storage.location import BUCKET_SCHEMES
from viewfinder_components.storage.pvc import PVC

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@configuration
class SelectConfig:
    """Which version to deploy; pods must be able to read the root."""

    model_root: ModelRoot
    model_name: ModelName
    version: CountFromZero = 0
    """The version's number; 0 for the newest."""
    compare: bool = True
    """Whether to compare the answers to the test photos kept with the version with the
    evaluation's."""

    def __post_init__(self) -> None:
        if not self.model_root.lower().startswith((*BUCKET_SCHEMES, PVC)):
            raise self._out_of_reach()

    def _out_of_reach(self) -> UsageError:
        kinds = ", ".join((*BUCKET_SCHEMES, PVC))
        example = f"s3://BUCKET/models/{self.model_name}/NUMBER"
        root = self.model_root
        local = root.lower().startswith("file:") or not _SCHEME.match(root)
        return UsageError(
            f"model_root to be one that pods can read: {kinds}",
            f"{root!r}, a folder on this machine" if local else repr(root),
            f"name the root with {spell('model_root')}; to deploy a version that is only on this "
            f"machine, copy its whole folder unchanged, to {example} for example",
        )


STEP = Step("select", (SelectConfig,), role=Role.VERSION)
