"""How much disk an installation takes."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def extras_bytes(distribution: str, extras: tuple[str, ...]) -> int:
    """Return the size of a distribution in this environment with what some of its extras need.

    Args:
        distribution: Its name.
        extras: The extras; what others need is not counted.
    """
    return sum(_own_bytes(name) for name in set(_find_needed(distribution, extras, set())))


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
