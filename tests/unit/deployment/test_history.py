"""Which versions have served behind a service, and to which one it goes back."""

import pytest

from viewfinder_components.deployment.history import Deed, Entry, History, explain_missing


def entry(number: int, by: Deed = Deed.DEPLOY, applied: str = "") -> Entry:
    return Entry(number, f"s3://b/models/fruit/{number}", by, "2026-01-01T00:00:00+00:00", applied)


def history(*deeds: str) -> History:
    """`2` is a deployment of version 2, `<2` a rollback to it."""
    return History(
        tuple(
            entry(int(deed.lstrip("<")), Deed.ROLLBACK if deed.startswith("<") else Deed.DEPLOY)
            for deed in deeds
        )
    )


@pytest.mark.parametrize(
    ("deeds", "line"),
    [
        ((), []),
        (("1", "2", "3"), [1, 2, 3]),
        (("1", "2", "3", "<2"), [1, 2]),
        (("1", "2", "3", "<2", "<1"), [1]),
        (("1", "2", "3", "<1"), [1]),
        (("1", "2", "3", "<2", "4"), [1, 2, 4]),
        (("1", "2", "<1", "<2"), [1, 2]),
        (("1", "2", "3", "2"), [1, 2, 3, 2]),
        (("1", "2", "3", "2", "<3"), [1, 2, 3]),
        (("1", "2", "2"), [1, 2]),
    ],
)
def test_a_rollback_takes_away_what_it_went_back_over(
    deeds: tuple[str, ...], line: list[int]
) -> None:
    assert [entry.number for entry in history(*deeds).line()] == line


@pytest.mark.parametrize(
    ("deeds", "serves", "target"),
    [
        (("1", "2"), 2, 1),
        (("1",), 1, None),
        ((), 1, None),
        (("1", "2"), 3, 2),  # 3 never came to serve, or its deploy was killed
    ],
)
def test_the_version_that_served_before(
    deeds: tuple[str, ...], serves: int, target: int | None
) -> None:
    found = history(*deeds).before(f"s3://b/models/fruit/{serves}/")
    assert (found.number if found else None) == target


def test_other_settings_of_the_same_version_are_no_version_before() -> None:
    entries = (*history("1", "2").entries, entry(2, applied="with other settings"))
    found = History(entries).before("s3://b/models/fruit/2")
    assert found is not None
    assert found.number == 1
    assert History(entries).newest(2) == entries[-1]


@pytest.mark.parametrize(
    ("deeds", "number", "sentence"),
    [
        ((), 0, "expected an earlier version in the history of the service s, received an empty h"),
        (("2",), 0, "received only version 2; deploy the version you want"),
        (("1", "2", "<1"), 0, "received versions 1, 2, none of them before 1; deploy"),
        (("1", "2"), 7, "expected version 7 in the history of the service s, received versions 1"),
    ],
)
def test_a_version_that_is_not_in_the_history(
    deeds: tuple[str, ...], number: int, sentence: str
) -> None:
    error = explain_missing(history(*deeds), "s", "fruit", number)
    assert sentence in str(error)
    assert error.remedy.endswith("`viewfinder deploy fruit/NUMBER`")
