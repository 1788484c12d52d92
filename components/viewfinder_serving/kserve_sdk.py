"""kserve's server classes, imported without what a predictor never uses.

`import kserve` runs `kserve/__init__.py`, which loads the Kubernetes client and every API model;
two of its server modules import pandas for methods that accept or return data frames. A predictor
uses neither, and they take more than half of its startup: measured with kserve 0.21.0 on 2 cores,
2.5 s and 200 MB with them, 1.05 s and 80 MB without.

So this module puts kserve's package into `sys.modules` unexecuted, which lets its submodules be
imported one by one, and a stand-in for pandas that imports the real one on first use. Nothing is
removed: accessing a name of the package's `__init__` executes it. If kserve has changed so
much that this does not work, the package is executed at once, as `import kserve` would do.

The rest of the predictor imports kserve through this module only.
"""

import importlib
import importlib.util
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_log = logging.getLogger(__name__)


class _PandasOnDemand(ModuleType):
    """Stands in for pandas inside kserve; imports it on first use."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("pandas"), name)


class _PackageOnDemand(ModuleType):
    """kserve's package before its `__init__` has run; runs it when a name requires it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        # `from kserve import logging` asks the package before it looks for a submodule.
        if importlib.util.find_spec(f"kserve.{name}") is not None:
            return importlib.import_module(f"kserve.{name}")
        _execute(self)
        return getattr(self, name)


def _execute(package: ModuleType) -> None:
    """Run kserve's `__init__` in its package, as the import system would."""
    package.__class__ = ModuleType
    spec = package.__spec__
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(package)


@contextmanager
def _without_arguments() -> Iterator[None]:
    """Hide the command line: kserve parses it on import, in any program."""
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Give kserve's modules the stand-in; everyone else gets the real pandas afterwards."""
    if "pandas" in sys.modules:
        yield
        return
    stand_in = _PandasOnDemand("pandas")
    # Annotations read this name while the modules are executed; later it comes from pandas.
    stand_in.__dict__["DataFrame"] = object
    sys.modules["pandas"] = stand_in
    try:
        yield
    finally:
        del stand_in.__dict__["DataFrame"]
        del sys.modules["pandas"]


def _prepare() -> None:
    """Import kserve's server, in parts if that works, else as a whole."""
    spec = None if "kserve" in sys.modules else importlib.util.find_spec("kserve")
    if spec is None:
        return  # already imported elsewhere, or not installed: see the imports below
    package = importlib.util.module_from_spec(spec)
    package.__class__ = _PackageOnDemand
    sys.modules["kserve"] = package
    try:
        with _without_pandas():
            importlib.import_module("kserve.model_server")
    except (ImportError, AttributeError) as error:
        _log.warning("kserve is imported as a whole, which is slower: %s", error)
        _execute(package)


with _without_arguments():
    _prepare()

    from kserve.model import Model
    from kserve.model_repository import ModelRepository
    from kserve.model_server import ModelServer
    from kserve.predictor_config import PredictorConfig
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
    from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as services

__all__ = [
    "DataPlane",
    "Model",
    "ModelRepository",
    "ModelServer",
    "PredictorConfig",
    "messages",
    "services",
]
