"""The numbers that a parameter may hold, checked alike wherever one is given."""

from viewfinder_components.errors import ParameterError

LARGEST_INTEGER = 2**31 - 1
"""What TensorFlow and Kubernetes count up to. Kubeflow Pipelines hands numbers on as doubles, which
hold every whole number up to 2^53: a larger one would arrive as another number."""

LARGEST_NUMBER = 1e9
"""More than any limit, ratio or duration that makes sense. A run's record is JSON, which does not
know infinity."""

LARGEST_MEGAPIXELS = 1e6

LARGEST_SEED = 2**32 - 1
"""What NumPy's and Keras's `set_random_seed` take."""


def need_integer(name: str, value: int, least: int, most: int = LARGEST_INTEGER) -> None:
    """Refuse a parameter that is no whole number, or out of its range.

    Raises:
        ParameterError: It is.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ParameterError(name, f"a whole number from {least} to {most}", value)


def need_number(
    name: str, value: float, least: float, most: float = LARGEST_NUMBER, *, above: bool = False
) -> None:
    """Refuse a parameter that is no finite number, or out of its range.

    Args:
        name: The parameter.
        value: What it was given.
        least: The smallest value.
        most: The largest value.
        above: Whether the value must be larger than `least`.

    Raises:
        ParameterError: It is.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Written so that NaN is refused as well.
    if not is_number or not least <= value <= most or (above and value == least):
        lowest = f"above {least:g} and at most" if above else f"from {least:g} to"
        raise ParameterError(name, f"a number {lowest} {most:g}", value)


def need_seed(value: int) -> None:
    """Refuse a seed that some library of the steps does not take.

    Raises:
        ParameterError: It is none.
    """
    need_integer("seed", value, 0, LARGEST_SEED)
