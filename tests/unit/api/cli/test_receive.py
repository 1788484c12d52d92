"""What `viewfinder receive` refuses before it receives anything."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from viewfinder.cli.main import main

RULE = 'alerts = ["A"]'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()


def receive(settings: str, *options: str) -> Result:
    Path("viewfinder.toml").write_text(settings)
    return CliRunner().invoke(main, ["receive", "--on", "local", "--port", "0", *options])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("", r"a table \[retraining.MODEL\]"),
        ("[retraining.fruit]\n", "alerts or new_photos"),
        (
            f"[retraining.fruit]\n{RULE}\n",
            r"data = \"PHOTOS\" in \[retraining\.fruit\.",
        ),
        (f"[retraining.fruit]\n{RULE}\nparameters = {{ epoch = 3 }}\n", "mean epochs"),
        (f'[retraining.fruit]\n{RULE}\nparameters = {{ reason = "x" }}\n', "leave it out"),
        (f'[retraining.fruit]\n{RULE}\nparameters = {{ run_id = "x" }}\n', "leave it out"),
        ("[retraining.fruit]\nnew_photos = -1\n", "new_photos"),
        (f"[retraining.fruit]\n{RULE}\npoll_seconds = 0\n", "poll_seconds"),
        (f"[retraining.fruit]\n{RULE}\nmatch = {{ a = 3 }}\n", "not empty"),
        ("[retraining.fruit]\nalerts = [3]\n", "not empty"),
        (f"[retraining.Fruit]\n{RULE}\n", "lower-case"),
        ('[retraining.fruit]\nalert = ["A"]\n', "one of alerts"),
        ("retraining = 3\n", "a table"),
        ("[retraining]\nfruit = 3\n", "a table"),
    ],
)
def test_wrong_settings(settings: str, told: str) -> None:
    result = receive(settings)
    assert result.exit_code == 2, result.output
    assert re.search(told, result.stderr), result.stderr


def test_others_cannot_reach_a_receiver_without_tokens() -> None:
    settings = f'[retraining.fruit]\n{RULE}\nparameters = {{ data = "photos" }}\n'
    result = receive(settings, "--host", "::")
    assert result.exit_code == 2
    assert "name a file of tokens with --token-file" in result.stderr
