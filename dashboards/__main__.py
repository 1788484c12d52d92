"""Write the dashboards' files: `python -m dashboards`."""

from pathlib import Path

from dashboards.alerts import MONITORING
from dashboards.board import write_board
from dashboards.fleet import build_fleet
from dashboards.service import build_service

FOLDER = MONITORING / "dashboards"


def write_files() -> dict[Path, str]:
    """Return the text of each file."""
    boards = {"service.json": build_service(), "fleet.json": build_fleet()}
    return {FOLDER / name: write_board(board) for name, board in boards.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in write_files().items():
        path.write_text(text, "utf-8")
