"""Grafana's dashboards are what `make dashboards` writes."""

from dashboards.__main__ import FOLDER, write_files


def test_the_dashboards_are_up_to_date() -> None:
    files = write_files()
    assert sorted(FOLDER.glob("*.json")) == sorted(files)
    for path, text in files.items():
        assert path.read_text("utf-8") == text, f"{path.name} is stale: run `make dashboards`"
