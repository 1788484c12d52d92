"""The name of an output."""

SUFFIX = ".parquet"


def is_output_name(name: str) -> bool:
    """Return whether a name, path or URI ends as that of an output does."""
    return name.lower().endswith(SUFFIX)
