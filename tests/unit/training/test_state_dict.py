import collections
import io
import os
import pickle
import struct
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.training.state_dict import read_state_dict
from viewfinder_components.training.weights import find_weights

MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)


class Storage:
    def __init__(self, array: NDArray[Any], dtype: str = "FloatStorage") -> None:
        self.array, self.dtype, self.key = array, dtype, str(id(self))


class Tensor:
    """Pickles as PyTorch pickles a tensor, whatever its window says."""

    def __init__(self, storage: Storage, offset: int, shape: tuple, strides: tuple) -> None:
        self.fields = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self) -> tuple:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.fields


def tensor(array: NDArray[Any], dtype: str = "FloatStorage") -> Tensor:
    strides = tuple(step // array.itemsize for step in array.strides)
    return Tensor(Storage(array, dtype), 0, array.shape, strides)


@pytest.fixture
def torch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pickle finds a function by its module: give it modules of PyTorch's names."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None: ...

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    for name in ("FloatStorage", "LongStorage", "HalfStorage", "BoolStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def pickled(content: Any, storages: list[Storage]) -> bytes:
    class Pickler(pickle.Pickler):
        def persistent_id(self, item: Any) -> Any:
            if not isinstance(item, Storage):
                return None
            if item not in storages:
                storages.append(item)
            kind = getattr(sys.modules["torch"], item.dtype)
            return ("storage", kind, item.key, "cpu", item.array.size)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=2).dump(content)
    return buffer.getvalue()


def write_legacy(path: Path, content: Any) -> None:
    storages: list[Storage] = []
    body = pickled(content, storages)
    head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    parts = [pickle.dumps(item, protocol=2) for item in head] + [body]
    parts.append(pickle.dumps([storage.key for storage in storages], protocol=2))
    for storage in storages:
        parts += [struct.pack("<q", storage.array.size), storage.array.tobytes()]
    path.write_bytes(b"".join(parts))


def write_zip(path: Path, content: Any, compression: int = zipfile.ZIP_STORED) -> None:
    storages: list[Storage] = []
    body = pickled(content, storages)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", body)
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.array.tobytes())


layouts = pytest.mark.parametrize("write", [write_legacy, write_zip])


@layouts
@pytest.mark.usefixtures("torch_names")
def test_both_layouts_give_back_every_tensor(write: Callable, tmp_path: Path) -> None:
    shared = Storage(MATRIX)
    content = collections.OrderedDict(
        matrix=tensor(MATRIX),
        transposed=Tensor(shared, 0, (4, 3), (1, 4)),
        row=Tensor(shared, 4, (4,), (1,)),
        scalar=Tensor(shared, 11, (), ()),
        empty=Tensor(shared, 0, (0, 4), (4, 1)),
        counts=tensor(np.array([7], np.int64), "LongStorage"),
        half=tensor(np.array([0.5], np.float16), "HalfStorage"),
    )
    write(tmp_path / "weights", content)

    read = read_state_dict(tmp_path / "weights")

    expected = {
        "matrix": MATRIX,
        "transposed": MATRIX.T,
        "row": MATRIX[1],
        "scalar": MATRIX[2, 3],
        "empty": np.empty((0, 4), np.float32),
        "counts": np.array([7], np.int64),
        "half": np.array([0.5], np.float16),
    }
    assert read.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(read[name], array, strict=name != "scalar")


def test_the_package_s_weights_are_read_whole() -> None:
    weights = find_weights("efficientnet-lite0", "")
    assert weights is not None

    state = read_state_dict(weights.path)

    assert len(state) == 296
    assert state["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert state["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(array).all() for array in state.values())


class Evil:
    def __reduce__(self) -> tuple:
        return Path.touch, (Path("pwned"),)


@layouts
@pytest.mark.usefixtures("torch_names")
def test_a_pickle_that_would_run_code_is_refused(
    write: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "weights", {"matrix": tensor(MATRIX), "evil": Evil()})

    with pytest.raises(PermanentError, match=r"asks for .*, which is refused"):
        read_state_dict(tmp_path / "weights")
    assert not (tmp_path / "pwned").exists()


@layouts
@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (1, (3, 4), (4, 1)),
        (0, (4, 4), (4, 1)),
        (0, (3, 4), (8, 1)),
        (-1, (3, 4), (4, 1)),
        (0, (3, 4), (-4, 1)),
        (0, (3, -4), (4, 1)),
        (0, (10**9,), (0,)),
        (0, (3, 4), (1,)),
        (0, (2.0, 2.0), (1, 1)),
        (2**70, (1,), (1,)),
    ],
)
@pytest.mark.usefixtures("torch_names")
def test_a_tensor_that_leaves_its_storage_is_refused(
    write: Callable, tmp_path: Path, offset: int, shape: tuple, strides: tuple
) -> None:
    write(tmp_path / "weights", {"matrix": Tensor(Storage(MATRIX), offset, shape, strides)})

    with pytest.raises(PermanentError, match="a tensor of shape"):
        read_state_dict(tmp_path / "weights")


@layouts
@pytest.mark.usefixtures("torch_names")
def test_what_is_no_dictionary_of_tensors_is_refused(write: Callable, tmp_path: Path) -> None:
    contents = ([tensor(MATRIX)], {}, {"epoch": 3}, {"model": {"matrix": tensor(MATRIX)}})
    for content in contents:
        write(tmp_path / "weights", content)
        with pytest.raises(PermanentError, match="a PyTorch state dict at"):
            read_state_dict(tmp_path / "weights")


@layouts
@pytest.mark.usefixtures("torch_names")
def test_a_file_cut_anywhere_is_refused(write: Callable, tmp_path: Path) -> None:
    write(tmp_path / "weights", {"matrix": tensor(MATRIX)})
    content = (tmp_path / "weights").read_bytes()
    for length in range(0, len(content), 7):
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(PermanentError, match="a PyTorch state dict at"):
            read_state_dict(tmp_path / "cut")


@pytest.mark.usefixtures("torch_names")
def test_a_compressed_bomb_is_refused(tmp_path: Path) -> None:
    zeros = np.zeros(10**6, np.float32)
    write_zip(tmp_path / "weights", {"zeros": tensor(zeros)}, zipfile.ZIP_DEFLATED)

    with pytest.raises(PermanentError, match="larger than the file"):
        read_state_dict(tmp_path / "weights")


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04"])
def test_a_file_larger_than_the_memory_is_refused(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(start)
    os.truncate(path, 1 << 40)  # takes no room: nothing is written
    with pytest.raises(PermanentError, match=r"state dict at .*, received (?!MemoryError)"):
        read_state_dict(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    for content in (b"", b"PK", b"PK\x03\x04junk", b"\x80\x02.", b"\xff\xd8\xff", bytes(100)):
        (tmp_path / "weights").write_bytes(content)
        with pytest.raises(PermanentError, match="a PyTorch state dict at"):
            read_state_dict(tmp_path / "weights")
    with pytest.raises(PermanentError, match="No such file"):
        read_state_dict(tmp_path / "none")
