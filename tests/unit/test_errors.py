"""What errors tell their reader to do."""

import pytest

from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import need_integer


def test_the_remedy_of_a_parameter_names_its_range() -> None:
    with pytest.raises(ParameterError, match="; set epochs to a whole number from 1 to 9"):
        need_integer("epochs", 0, 1, 9)
