"""Photos that are decoded at the same time share one room."""

import threading
import time

import pytest
from tests.fixtures.waiting import PATIENCE, wait_for

from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.room import SMALL_BYTES, DecodingRoom, OutOfTimeError

LARGE = 3 * SMALL_BYTES


class Holder(threading.Thread):
    """Holds room until it is told to go."""

    def __init__(self, room: DecodingRoom, size: int) -> None:
        super().__init__(daemon=True)
        self.inside, self.go = threading.Event(), threading.Event()
        self._room, self._size = room, size
        self.start()

    def run(self) -> None:
        with self._room.hold(self._size):
            self.inside.set()
            self.go.wait(PATIENCE)

    def leave(self) -> None:
        self.go.set()
        self.join(PATIENCE)


def test_what_never_fits_is_refused_with_the_figures():
    with pytest.raises(PhotoError, match=r"the PNG would take 67 MB .* limit of 50 MB") as caught:
        DecodingRoom(LARGE + SMALL_BYTES).need(4 * SMALL_BYTES, "the PNG")
    assert caught.value.kind == "too_large"


def test_large_photos_wait_for_each_other_and_small_ones_pass():
    room = DecodingRoom(LARGE + SMALL_BYTES)
    first = Holder(room, LARGE)
    assert first.inside.wait(PATIENCE)
    second = Holder(room, LARGE)
    with room.hold(SMALL_BYTES, time.monotonic() + PATIENCE):
        assert not second.inside.wait(0.1)
    first.leave()
    assert second.inside.wait(PATIENCE)
    second.leave()


def test_a_large_photo_is_not_passed_by_less_large_ones():
    room = DecodingRoom(LARGE + SMALL_BYTES)
    first = Holder(room, 2 * SMALL_BYTES)
    assert first.inside.wait(PATIENCE)
    largest = Holder(room, LARGE)
    wait_for(lambda: room._waiting, "the largest photo to wait", pause=0.01)
    with pytest.raises(OutOfTimeError), room.hold(SMALL_BYTES + 1, time.monotonic() + 0.1):
        pass
    first.leave()
    assert largest.inside.wait(PATIENCE)
    largest.leave()


def test_who_gave_up_leaves_the_queue():
    room = DecodingRoom(LARGE + SMALL_BYTES)
    first = Holder(room, LARGE)
    assert first.inside.wait(PATIENCE)
    with pytest.raises(OutOfTimeError), room.hold(LARGE, time.monotonic() + 0.05):
        pass
    first.leave()
    with room.hold(LARGE, time.monotonic() + PATIENCE):
        pass
