"""What `python -m viewfinder_serving --help` says of its options."""

import pytest

from viewfinder_serving.__main__ import main


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit):
        main(["--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("internal", ["None", "[]", "MAX_", "TOKEN_FILE"])
def test_it_shows_nothing_of_the_code(told: str, internal: str) -> None:
    assert internal not in told


@pytest.mark.parametrize(
    "line",
    [
        "--max-photos NUMBER   maximum number of photos in a request (default: 64)",
        "--max-request-mb MB   largest request body, in megabytes (default: 16.0)",
        "--grpc-port PORT      gRPC port; gRPC is off without it\n",
        "answer :explain with class activation maps (default: on)",
    ],
)
def test_options_have_values_and_defaults(told: str, line: str) -> None:
    assert line in told


def test_a_wrong_option_does_not_bring_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--model-dir", "v", "--max-photo", "8"])
    said = capsys.readouterr().err
    assert said.endswith("unrecognized arguments: --max-photo 8; did you mean --max-photos?\n")
    assert len(said.splitlines()) == 2
