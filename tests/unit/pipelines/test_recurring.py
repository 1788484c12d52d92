"""When recurring runs begin, as users write it and as Kubeflow Pipelines wants it."""

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.recurring import Trigger


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
        (None, "6 hours", "write for example --every 6h"),
    ],
)
def test_a_trigger_that_is_none(cron: str | None, every: str | None, sentence: str) -> None:
    with pytest.raises(PermanentError) as caught:
        Trigger.parse(cron, every)
    assert sentence in str(caught.value)
