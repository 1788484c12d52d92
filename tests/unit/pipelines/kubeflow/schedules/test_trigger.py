"""When recurring runs begin, as users write it and as Kubeflow Pipelines wants it."""

from datetime import UTC, datetime, timedelta

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.schedules.trigger import Trigger


@pytest.mark.parametrize(
    ("cron", "every", "trigger"),
    [
        ("0 3 * * *", None, Trigger(cron="0 0 3 * * *")),
        ("30 0 3 * * 1-5", None, Trigger(cron="30 0 3 * * 1-5")),
        (None, "90m", Trigger(interval=5400)),
        (None, "1d", Trigger(interval=86400)),
    ],
)
def test_trigger(cron: str | None, every: str | None, trigger: Trigger) -> None:
    assert Trigger.parse(cron, every) == trigger


@pytest.mark.parametrize(
    ("cron", "every", "sentence"),
    [
        (None, None, "received neither"),
        ("0 3 * * *", "6h", "received both"),
        ("daily", None, "of five fields"),
        (None, "0h", "received '0h'"),
        (None, "30s", "at least a minute"),
        (None, "-1h", "received '-1h'"),
        (None, "6 hours", 'write every="6h" for example'),
    ],
)
def test_a_trigger_that_is_none(cron: str | None, every: str | None, sentence: str) -> None:
    with pytest.raises(PermanentError) as caught:
        Trigger.parse(cron, every)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("cron", "every", "text"),
    [
        ("* * * * *", None, "cron * * * * *"),
        ("0 3 * * 1", None, "cron 0 3 * * 1"),
        ("30 0 3 * * *", None, "cron 30 0 3 * * *"),
        (None, "90m", "every 90m"),
        (None, "2d", "every 2d"),
        (None, "120s", "every 2m"),
    ],
)
def test_a_trigger_is_shown_as_it_was_written(
    cron: str | None, every: str | None, text: str
) -> None:
    assert str(Trigger.parse(cron, every)) == text


def test_the_next_time() -> None:
    start = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)
    nightly = Trigger.parse("0 3 * * *", None)
    assert nightly.next_time(start) == datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    assert Trigger(cron="@hourly").next_time(start) == datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    assert Trigger(cron="not cron").next_time(start) is None
    made = datetime.now(UTC) - timedelta(hours=7)
    due = Trigger.parse(None, "6h").next_time(made)
    assert due == made + timedelta(hours=12)
