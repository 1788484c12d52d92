"""What decoding a photo will take, as known from its header."""

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from viewfinder_components.photos.photo_error import PhotoError
from viewfinder_components.photos.pictures.orientation import is_sideways, turn_upright
from viewfinder_components.photos.room import DecodingRoom

LONGEST_SIDE = 65_535
"""Pixels: JPEG's own limit. Anything longer is not a photo but a line, which squashing enlarges."""


class Photo(NamedTuple):
    """A decoded photo."""

    picture: Image.Image
    """Mode RGB, `size` x `size`, upright."""
    width: int
    """Pixels across in the file, as shown (after orientation)."""
    height: int
    """Pixels down in the file, as shown (after orientation)."""
    damage: str = ""
    """What is wrong with a photo that can still be shown; empty if nothing is. Such a
    photo gets an answer, as browsers show it, but is not used for training."""


class Plan(NamedTuple):
    """A photo whose header has been read."""

    name: str
    """Its format."""
    width: int
    """Pixels across in the file."""
    height: int
    """Pixels down in the file."""
    bytes: int
    """Memory that decoding takes at most, besides the file."""
    finish: Callable[[], Photo]
    """Decodes, whether there is room or not."""
    deadline: float | None
    """When decoding stops, in seconds of `time.monotonic`; None for never."""

    def need_room(self, room: DecodingRoom) -> None:
        """Refuse a photo for which there will never be room.

        Raises:
            PhotoError: `too_large`.
        """
        room.need(self.bytes, f"the {self.name} of {self.width:,} x {self.height:,} pixels")

    def decode(self, room: DecodingRoom) -> Photo:
        """Decode the photo as soon as there is room for it.

        Raises:
            PhotoError: The photo is damaged, or there will never be room.
            OutOfTimeError: The deadline has passed.
        """
        self.need_room(room)
        with room.hold(self.bytes, self.deadline):
            return self.finish()


def need_pixels(width: int, height: int, max_pixels: int) -> None:
    """Refuse a photo that has too many pixels or an extreme shape.

    Args:
        width: Pixels across.
        height: Pixels down.
        max_pixels: Maximum number of pixels.

    Raises:
        PhotoError: `too_large`.
    """
    if width * height > max_pixels:
        raise PhotoError(
            "too_large",
            f"the photo has {width:,} x {height:,} = {width * height:,} pixels, "
            f"more than the limit of {max_pixels:,}",
        )
    if max(width, height) > LONGEST_SIDE:
        raise PhotoError(
            "too_large",
            f"the photo has {width:,} x {height:,} pixels, and a side is longer than the limit "
            f"of {LONGEST_SIDE:,}",
        )


def upright(squashed: Image.Image, width: int, height: int, orientation: int) -> Photo:
    """Rotate a photo after the resize, where it costs nothing; the same but for one rounding."""
    if is_sideways(orientation):
        width, height = height, width
    return Photo(turn_upright(squashed, orientation), width, height)
