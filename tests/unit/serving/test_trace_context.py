import pytest

from viewfinder_serving.trace_context import read_exemplar

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "value", [f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-ff", f"cc-{TRACE}-{CALLER}-01-more"]
)
def test_a_recorded_trace_is_found(value: str) -> None:
    assert read_exemplar(value) == {"trace_id": TRACE}


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"00-{TRACE}-{CALLER}-00",  # not recorded
        f"00-{TRACE}-{CALLER}-02",
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{'0' * 32}-{CALLER}-01",
        f"00-{TRACE.upper()}-{CALLER}-01",
        f"00-{TRACE[:-1]}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-01\n",
        f"00-{TRACE}-{CALLER}",
        f'00-{TRACE[:-2]}"}}-{CALLER}-01',
    ],
)
def test_anything_else_is_ignored(value: str) -> None:
    assert read_exemplar(value) is None
