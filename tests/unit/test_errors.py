"""What errors tell their reader to do."""

import pytest

from viewfinder_components.errors import ParameterError
from viewfinder_components.ranges import need_integer


def test_the_remedy_of_a_parameter_names_it() -> None:
    sentence = "epochs to be a whole number from 1 to 9, received 0; set epochs to such a value"
    with pytest.raises(ParameterError, match=sentence):
        need_integer("epochs", 0, 1, 9)


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ParameterError) as caught:
        raise ParameterError("name", "short", "x" * 10_000)
    assert len(str(caught.value)) < 200
    assert "xxx...; set name" in str(caught.value)
