"""The dashboards as they are in `manifests/monitoring`, and what their panels ask."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.monitoring.conftest import MONITORING

FOLDER = MONITORING / "dashboards"
BOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
PANELS: list[tuple[str, dict[str, Any]]] = [
    (name, panel) for name, board in BOARDS.items() for panel in board["panels"]
]
CHOSEN = {"namespace": "shop", "service": "colour", "measure": "brightness"}


@dataclass(frozen=True)
class Asked:
    """A query with values in place of its variables."""

    panel: str
    expression: str
    exemplars: bool


def fill_in(text: str) -> str:
    """Return a query as Grafana asks it when values are chosen."""
    for name, value in CHOSEN.items():
        text = text.replace(f"${name}", value)
    assert "$" not in text, text
    return text


def read_panel_queries() -> Iterator[Asked]:
    """Yield the queries of all panels."""
    for name, panel in PANELS:
        for target in panel.get("targets", []):
            expression = fill_in(target["expr"])
            yield Asked(f"{name}: {panel['title']}", expression, target.get("exemplar", False))


def read_labels() -> dict[str, set[str]]:
    """Return the labels whose values each panel shows: in its legend, or as a table's columns."""
    return {
        f"{name}: {panel['title']}": {
            *re.findall(r"\{\{(\w+)\}\}", json.dumps(panel.get("targets", []))),
            *(
                field
                for step in panel.get("transformations", [])
                for field in step["options"].get("renameByName", {})
                if not field.startswith("Value")
            ),
        }
        for name, panel in PANELS
    }


def read_choices() -> Iterator[tuple[str, str, str]]:
    """Yield the name of a variable, the series that are asked for its values, and their label."""
    for board in BOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                series, _, label = variable["query"].rpartition(", ")
                yield (
                    variable["name"],
                    fill_in(series.removeprefix("label_values(")),
                    label.removesuffix(")"),
                )
