"""Read a JPEG's EXIF orientation, and rotate photos by it, in TensorFlow operations.

Gives the same results as `photos.pictures.orientation`, which explains the format.
"""

from typing import Any

from viewfinder_components.tensorflow import tf

_UPRIGHT = 1
_EXIF = tuple(b"Exif\0\0")
_LITTLE_ENDIAN, _BIG_ENDIAN = tuple(b"II"), tuple(b"MM")
_ENTRY = 12  # bytes of an entry of a TIFF directory
_READ = 10  # bytes of it that must be present: tag, kind, count and a short value
_PADDING = 16  # more than is ever read beyond a position found to be inside


def read_orientation(jpeg: Any) -> Any:
    """Read the EXIF orientation; whatever is missing or malformed means upright.

    Args:
        jpeg: string `[]`, a whole JPEG file.

    Returns:
        int32 `[]`, 1 to 8.
    """
    octets = tf.io.decode_raw(jpeg, tf.uint8)
    return _from_tiff(octets[slice(*_find_tiff(octets))])


def turn_upright(pixels: Any, orientation: Any) -> Any:
    """Undo the camera's rotation or mirroring.

    Args:
        pixels: `[size, size, channels]`, as stored. Square, so that its shape does not change.
        orientation: int32 `[]`, 1 to 8.
    """
    transposed = tf.where(orientation >= 5, tf.transpose(pixels, (1, 0, 2)), pixels)
    mirrored = _is_one_of(orientation, 2, 3, 6, 7)
    flipped = tf.where(mirrored, tf.reverse(transposed, (1,)), transposed)
    upside_down = _is_one_of(orientation, 3, 4, 7, 8)
    return tf.where(upside_down, tf.reverse(flipped, (0,)), flipped)


def _find_tiff(octets: Any) -> tuple[Any, Any]:
    """Walk the segments to the first EXIF one; return where its TIFF structure begins and ends.

    Both are 0 when there is none.
    """
    size = tf.size(octets)
    padded = tf.pad(octets, ((0, _PADDING),))

    def unfinished(position: Any, end: Any) -> Any:
        here = tf.minimum(position, size)
        return (
            (end == 0)
            & (position + 4 <= size)
            & (padded[here] == 0xFF)
            & (padded[here + 1] != 0xDA)  # start of scan
        )

    def advance(position: Any, _: Any) -> tuple[Any, Any]:
        following = position + 2 + tf.cast(_number(_window(padded, position + 2, 2)), tf.int32)
        body = tf.minimum(position + 4, size)
        found = (padded[position + 1] == 0xE1) & _equals(_window(padded, body, 6), _EXIF)
        end = tf.minimum(following, size)
        return tf.where(found, body + 6, following), tf.where(found, end, 0)

    position, end = tf.while_loop(
        unfinished, advance, (tf.constant(2), tf.constant(0)), parallel_iterations=1
    )
    begin = tf.where(end > 0, tf.minimum(position, end), 0)
    return begin, end


def _from_tiff(tiff: Any) -> Any:
    """Find the orientation in the first directory of a TIFF structure."""
    size = tf.size(tiff, out_type=tf.int64)
    padded = tf.pad(tiff, ((0, _PADDING),))
    little, big = (_equals(_window(padded, 0, 2), order) for order in (_LITTLE_ENDIAN, _BIG_ENDIAN))
    directory = _ordered(_window(padded, 4, 4), little)
    readable = (little | big) & (size >= 8) & (directory + 2 <= size)
    directory = tf.where(readable, directory, 0)
    promised = _ordered(_window(padded, directory, 2), little)
    present = (size - directory - 2 - _READ) // _ENTRY + 1
    count = tf.where(readable, tf.clip_by_value(promised, 0, tf.maximum(present, 0)), 0)
    first = directory + 2
    entries = tf.reshape(padded[first : first + count * _ENTRY], (-1, _ENTRY))
    tags, kinds, values = (_ordered(entries[:, at : at + 2], little) for at in (0, 2, 8))
    # The first entry of the tag counts, even if its value is invalid; one more follows the last.
    is_orientation = tf.concat((tags == 0x0112, (True,)), 0)
    usable = (kinds == 3) & (values >= 1) & (values <= 8)  # kind 3 is a short
    found = tf.concat((tf.where(usable, values, _UPRIGHT), (_UPRIGHT,)), 0)
    return tf.cast(found[tf.argmax(is_orientation)], tf.int32)


def _window(octets: Any, begin: Any, width: int) -> Any:
    return tf.slice(octets, (begin,), (width,))


def _ordered(octets: Any, little: Any) -> Any:
    """Read numbers from the last axis, in the byte order of the file."""
    return _number(tf.where(little, tf.reverse(octets, (-1,)), octets))


def _number(octets: Any) -> Any:
    """Read big-endian unsigned numbers from the last axis, int64."""
    width = octets.shape[-1]
    weights = [256 ** (width - 1 - place) for place in range(width)]
    return tf.reduce_sum(tf.cast(octets, tf.int64) * tf.constant(weights, tf.int64), -1)


def _equals(octets: Any, wanted: tuple[int, ...]) -> Any:
    return tf.reduce_all(octets == tf.constant(wanted, tf.uint8))


def _is_one_of(value: Any, *wanted: int) -> Any:
    return tf.reduce_any(value == tf.constant(wanted))
