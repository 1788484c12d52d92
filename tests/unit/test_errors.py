"""What errors tell their reader to do."""

import copy
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from viewfinder_components.errors import (
    ParameterError,
    PermanentError,
    SeveralErrors,
    reason_of,
)
from viewfinder_components.ranges import need_integer


def test_the_remedy_of_a_parameter_names_it() -> None:
    sentence = (
        "epochs to be a whole number from 1 to 9, received 0; choose another value for epochs"
    )
    with pytest.raises(ParameterError, match=sentence):
        need_integer("epochs", 0, 1, 9)


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ParameterError) as caught:
        raise ParameterError("name", "short", "x" * 10_000)
    assert len(str(caught.value)) < 200
    assert "xxx...; choose" in str(caught.value)


def test_what_was_received_is_cut() -> None:
    """A file may have a million columns, and the sentence names them."""
    told = str(PermanentError("a column uri", ", ".join(map(str, range(100_000))), "add one"))
    assert len(told) < 5000
    assert told.endswith("...; add one")


def test_an_error_in_a_process_of_a_pool_arrives_whole() -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(ParameterError, match="epochs to be a whole number") as caught,
    ):
        pool.submit(need_integer, "epochs", 0, 1, 9).result()
    assert caught.value.received == "0"


def test_several_errors_are_copied_with_every_line() -> None:
    error = SeveralErrors([PermanentError("a", "b", "c"), ParameterError("d", "e", 0)])
    again = copy.deepcopy(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "No such file or directory", "/a"), "No such file or directory"),
        (OSError("of a library"), "of a library"),
        (ValueError(" two words\n"), "two words"),
        (EOFError(), "EOFError"),
        (OSError(), "OSError"),
    ],
)
def test_a_reason_is_never_empty(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
