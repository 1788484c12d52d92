"""Decode files one by one, and tell what each took: `python -m tests.measured_decoding FILE...`.

A process of its own, whose peak of memory the kernel knows and lets be set back.
"""

import json
import re
import sys
from pathlib import Path

from viewfinder_components.photos.decode import PhotoError, plan_photo
from viewfinder_components.photos.room import DecodingRoom
from viewfinder_serving.config import ServeConfig
from viewfinder_serving.memory import return_free_memory, return_large_buffers

SIZE = 224


def main(paths: list[str]) -> None:
    """Print a JSON object: of each file's name, what it came to, and its planned and real bytes."""
    return_large_buffers()
    config = ServeConfig(Path("1"), "measured")
    room = DecodingRoom(config.max_decoding_bytes)
    _measure(Path(paths[0]), room, config.max_pixels)  # the first loads the libraries
    found = {Path(path).name: _measure(Path(path), room, config.max_pixels) for path in paths}
    print(json.dumps(found))


def _measure(path: Path, room: DecodingRoom, max_pixels: int) -> tuple[str, int, int]:
    data, planned = path.read_bytes(), 0
    return_free_memory()
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    try:
        plan = plan_photo(data, SIZE, max_pixels)
        planned = plan.bytes
        plan.decode(room)
        outcome = "decoded"
    except PhotoError as error:
        outcome = error.kind
    return outcome, planned, _status("VmHWM") - before


def _status(name: str) -> int:
    return 1024 * int(re.search(rf"{name}:\s*(\d+)", Path("/proc/self/status").read_text())[1])


if __name__ == "__main__":
    main(sys.argv[1:])
