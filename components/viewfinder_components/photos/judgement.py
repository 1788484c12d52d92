"""Distinguish a broken photo from a file that is clearly not a photo, such as `notes.txt`."""

from pathlib import PurePosixPath

_PHOTO_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg"),
    *(".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
_OTHER_KINDS = ("not_a_photo", "empty")


def is_other_file(uri: str, kind: str) -> bool:
    """Return whether a file that cannot be read as a photo was never meant to be one.

    Args:
        uri: The file's.
        kind: What is wrong with it, as in `PhotoError.kind`.
    """
    return kind in _OTHER_KINDS and is_named_otherwise(uri)


def is_named_otherwise(uri: str) -> bool:
    """Return whether a file's name says that it is not a photo.

    Args:
        uri: The file's.
    """
    suffix = PurePosixPath(uri).suffix.lower()
    return bool(suffix) and suffix not in _PHOTO_SUFFIXES
