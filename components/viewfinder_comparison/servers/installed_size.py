"""How much disk an installation takes."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def extra_bytes(distribution: str, extra: str) -> int:
    """Return the size of a distribution in this environment with what one of its extras needs.

    Args:
        distribution: Its name.
        extra: The extra; what other extras need is not counted.
    """
    return sum(_own_bytes(name) for name in set(_find_needed(distribution, (extra,), set())))


def _find_needed(
    name: str, extras: tuple[str, ...], seen: set[tuple[str, tuple[str, ...]]]
) -> Iterator[str]:
    if (name, extras) in seen:
        return
    seen.add((name, extras))
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # not for this platform, or left out on purpose
        return
    yield name
    for requirement in map(Requirement, lines):
        if _applies(requirement, extras):
            needed = tuple(sorted(requirement.extras))
            yield from _find_needed(canonicalize_name(requirement.name), needed, seen)


def _applies(requirement: Requirement, extras: tuple[str, ...]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, ""))


def _own_bytes(name: str) -> int:
    files = metadata.files(name) or []
    paths = (Path(str(file.locate())) for file in files)
    return sum(path.lstat().st_size for path in paths if path.is_file())
