"""Read a PyTorch state dict without PyTorch and without running code from a hostile file.

A checkpoint is a pickle, and a pickle is a program. This reader knows the few names that a state
dict needs and rejects all others, so nothing in the file is ever called. Both layouts are read:
the zip archive (PyTorch 1.6 and later) and the "legacy" series of pickles and raw storages.
Layouts: torch/serialization.py, `_legacy_load` and `_load`.
"""

import collections
import io
import math
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError, reason_of

StateDict = dict[str, NDArray[Any]]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_STORAGE_DTYPES = {
    "BoolStorage": np.bool_,
    "ByteStorage": np.uint8,
    "CharStorage": np.int8,
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "IntStorage": np.int32,
    "LongStorage": np.int64,
    "ShortStorage": np.int16,
}


@dataclass(frozen=True)
class _Tensor:
    """A tensor as described in the pickle: a window on a storage, counted in elements."""

    dtype: str
    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def view(self, storage: NDArray[Any]) -> NDArray[Any]:
        """Copy the tensor from its storage, within its bounds."""
        fits = len(self.shape) == len(self.strides) and all(
            isinstance(number, int) and number >= 0
            for number in (self.offset, *self.shape, *self.strides)
        )
        if not fits:
            raise ValueError(f"a tensor of shape {self.shape} and strides {self.strides}")
        if math.prod(self.shape) == 0:
            return np.empty(self.shape, storage.dtype)
        reach = sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        # The second condition stops strides of 0, which could blow up a few bytes to any size.
        if self.offset + reach >= len(storage) or math.prod(self.shape) > len(storage):
            raise ValueError(f"a tensor of shape {self.shape} beyond its {len(storage)} elements")
        strides = [step * storage.itemsize for step in self.strides]
        window = np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, strides)
        return window.copy()


class _Unpickler(pickle.Unpickler):  # noqa: S301  (preventing that is its purpose)
    """Resolves what a state dict needs to inert objects, and rejects the rest."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("torch", "torch.storage") and name in _STORAGE_DTYPES:
            return name
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
            ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(
                f"a pickle that asks for {module}.{name}, which is refused"
            )
        return known[module, name]

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        kind, dtype, key, *_ = pid
        if kind != "storage" or dtype not in _STORAGE_DTYPES:
            raise pickle.UnpicklingError(f"a storage of kind {kind!r} and type {dtype!r}")
        return dtype, str(key)


def _rebuild_tensor(
    storage: tuple[str, str], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(*storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: _Tensor, *_: Any) -> _Tensor:
    return tensor


def read_state_dict(path: Path) -> StateDict:
    """Read the tensors of a PyTorch checkpoint.

    Args:
        path: A file written by `torch.save(model.state_dict(), path)`.

    Returns:
        A copy of every tensor by name, in PyTorch's layout.

    Raises:
        PermanentError: The file is missing, damaged, not a state dict, or tries to run code.
    """
    try:
        # Never the whole file: it may be anything, and larger than memory.
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            read = _read_zip if file.peek(2)[:2] == b"PK" else _read_legacy
            # Damaged pickles raise almost anything; the reader needs to know only one thing.
            return read(file, size)
    except Exception as error:
        raise PermanentError(
            f"a PyTorch state dict at {path}",
            reason_of(error),
            "pass a file that torch.save(model.state_dict(), ...) wrote",
        ) from error


def _read_zip(file: io.BufferedReader, size: int) -> StateDict:
    archive = zipfile.ZipFile(file)
    index = next(name for name in archive.namelist() if name.endswith("data.pkl"))
    root = index.removesuffix("data.pkl")
    tensors = dict(_tensors(_Unpickler(archive.open(index)).load()))
    sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    storages: dict[tuple[str, str], NDArray[Any]] = {}
    for tensor in tensors.values():
        name = f"{root}data/{tensor.key}"
        if sizes[name] > size:  # PyTorch does not compress; a zip bomb does
            raise ValueError(f"{name} larger than the file")
        if (tensor.dtype, name) not in storages:
            storages[tensor.dtype, name] = np.frombuffer(
                archive.read(name), _STORAGE_DTYPES[tensor.dtype]
            )
    return {
        name: tensor.view(storages[tensor.dtype, f"{root}data/{tensor.key}"])
        for name, tensor in tensors.items()
    }


def _read_legacy(file: io.BufferedReader, size: int) -> StateDict:
    if _Unpickler(file).load() != _LEGACY_MAGIC or _Unpickler(file).load() != _LEGACY_PROTOCOL:
        raise ValueError("no PyTorch magic number")
    _Unpickler(file).load()  # byte order and sizes of the machine that wrote it
    tensors = dict(_tensors(_Unpickler(file).load()))
    dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
    storages = {}
    for key in _Unpickler(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        dtype = np.dtype(_STORAGE_DTYPES[dtypes[str(key)]])
        if not 0 <= count * dtype.itemsize <= size:
            raise ValueError(f"a storage of {count} elements")
        storages[str(key)] = np.frombuffer(file.read(count * dtype.itemsize), dtype, count)
    return {name: tensor.view(storages[tensor.key]) for name, tensor in tensors.items()}


def _tensors(loaded: Any) -> Iterator[tuple[str, _Tensor]]:
    if not isinstance(loaded, dict) or not loaded:
        raise ValueError(f"a {type(loaded).__name__} in place of named tensors")
    for name, value in loaded.items():
        if not isinstance(value, _Tensor):
            raise ValueError(f"a {type(value).__name__} under {name!r}")
        yield name, value
