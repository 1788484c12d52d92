"""Make docs/images/kubeflow-*.png from runs in the UI of a Kubeflow Pipelines.

    python -m website.kubeflow_screenshots http://localhost:8080 --run RUN --failed RUN
        --deployment RUN

It needs the address of a UI that asks for no login, such as a forwarded port, and the ids of runs
there: one that was deployed, one with a failed step, one of the pipeline `viewfinder-deployment`.
Without an id, the pictures of that run are left as they are. It was written for the UI of Kubeflow
Pipelines 2.17.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

import viewfinder
from website.browser import Browser, started
from website.screenshots import COLORS, find_browser

IMAGES = Path(__file__).parents[1] / "docs" / "images"
_PANEL_OF = {
    "metrics": ("test_metrics", "Scalar Metrics", 968, 1276),
    "classification": ("confusion_matrix_and_roc", "Confusion Matrix", 1480, 1776),
    "report": ("evaluation_report", "Static HTML", 958, 1776),
}
"""Of a run's graph: the node that is opened, a text that then appears, height and width of the
window in pixels, of which the panel takes half the width."""
_HIDDEN = "#sideNav, .react-flow__minimap"  # leaves the width to the page; lies on nodes
_TALL = 1500  # pixels: a whole graph, which the UI shrinks to half its size at most
_STATES = "document.querySelector('[data-testid=execution-icon-active]')"  # come after the graph
_FIT = "document.querySelector('.react-flow__controls-fitview')"


@dataclass(frozen=True)
class Picture:
    """A picture, and how to come to what it shows.

    Attributes:
        name: Of the file, without `kubeflow-`.
        address: Below the UI's.
        shown: What must be there at first.
        clicks: Texts that are clicked on, one after another.
        loaded: A text that appears after the clicks; empty for none.
        is_panel: Whether only the panel that opened is shown.
        height: Of the window, in pixels.
        width: Of the window, in pixels.
    """

    name: str
    address: str
    shown: str
    clicks: tuple[str, ...] = ()
    loaded: str = ""
    is_panel: bool = False
    height: int = 1120
    width: int = 1760


def list_pictures(ui: str, run: str, failed: str, deployment: str) -> Iterator[Picture]:
    """Yield the pictures that can be made of these runs.

    Args:
        ui: The UI's address.
        run: The id of a run that was deployed; empty for none, as with the others.
        failed: The id of a run with a failed step.
        deployment: The id of a run of the deployment pipeline.
    """
    if run:
        used = _ask(ui, run)["pipeline_version_reference"]
        page = f"#/pipelines/details/{used['pipeline_id']}/version/{used['pipeline_version_id']}"
        yield Picture("parameters", page, "evaluate", ("Show Summary",), "Hide", False, 1040, 1408)
        yield Picture("graph", f"#/runs/details/{run}", "evaluate")
        for name, (node, loaded, *size) in _PANEL_OF.items():
            place, clicks = f"#/runs/details/{run}", (node, "Visualization")
            yield Picture(name, place, "evaluate", clicks, loaded, True, *size)
    if failed:
        step = _find_failed_step(ui, failed)
        place, clicks = f"#/runs/details/{failed}", (step, "Logs")
        yield Picture("failure", place, step, clicks, "exit status 1", True, 884, 2480)
    if deployment:
        place = f"#/runs/details/{deployment}"
        yield Picture("deployment", place, "deploy", height=780, width=1000)


def take(browser: Browser, ui: str, picture: Picture, folder: Path) -> Path:
    """Take a picture.

    Raises:
        RuntimeError: The page does not show what it should.
    """
    file = folder / f"kubeflow-{picture.name}.png"
    browser.open(f"{ui}/{picture.address}", picture.width, max(picture.height, _TALL))
    browser.wait(f"!!{_find(picture.shown)}", f"'{picture.shown}'")
    if "/runs/" in picture.address:
        browser.wait(f"!!{_STATES}", "the states of the steps")
    if not picture.is_panel:
        browser.resize(picture.width, picture.height)
    browser.click(_FIT, "the button that fits the graph into the window", "true", "the graph")
    for text, next_text in pairwise((*picture.clicks, picture.loaded)):
        is_there = f"document.body.innerText.includes({next_text!r})"
        browser.click(_find(text), f"'{text}'", is_there, f"'{next_text}'")
        browser.resize(picture.width, picture.height)  # before a log appears and scrolls to its end
    if picture.is_panel:
        browser.take_picture(file, _find_panel(picture.clicks[-1]))
    else:
        browser.take_picture(file)
    with Image.open(file) as taken:
        taken.convert("RGB").quantize(COLORS).save(file, optimize=True)
    return file


def _find(text: str) -> str:
    """Return JavaScript for the innermost element with exactly this text; null if there is none."""
    return (
        "[...document.querySelectorAll('body *')].findLast("
        f"e => e.textContent.trim() === {text!r} && e.getClientRects().length)"
    )


def _find_panel(tab: str) -> str:
    """Return JavaScript for the panel that lies on the graph at the right."""
    return (
        f"(() => {{ let e = {_find(tab)};"
        " const lies = e => getComputedStyle(e).position === 'absolute' &&"
        " e.getBoundingClientRect().height > innerHeight / 2;"
        " while (e && !lies(e)) e = e.parentElement; return e })()"
    )


def _ask(ui: str, run: str) -> dict[str, Any]:
    response = httpx.get(f"{ui}/apis/v2beta1/runs/{run}", timeout=60)
    response.raise_for_status()
    return dict(response.json())


def _find_failed_step(ui: str, run: str) -> str:
    tasks = _ask(ui, run).get("run_details", {}).get("task_details", [])
    failed = {one.get("display_name") for one in tasks if one.get("state") == "FAILED"}
    for step in viewfinder.TRAINING.steps:
        if step.name in failed:
            return step.name
    raise RuntimeError(f"expected a run with a failed step, received {run}; name another run")


def main(arguments: list[str] | None = None) -> int:
    """Make the pictures; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("ui", help="the UI's address, such as http://localhost:8080")
    parser.add_argument("--run", default="", help="the id of a run that was deployed")
    parser.add_argument("--failed", default="", help="the id of a run with a failed step")
    parser.add_argument("--deployment", default="", help="the id of a run of viewfinder-deployment")
    parser.add_argument("--folder", type=Path, default=IMAGES, help="where the pictures go")
    given = parser.parse_args(arguments)
    ui = given.ui.rstrip("/")
    try:
        with started(find_browser()) as browser:
            browser.hide(_HIDDEN)
            for one in list_pictures(ui, given.run, given.failed, given.deployment):
                print(f"wrote {take(browser, ui, one, given.folder)}")
    except (FileNotFoundError, RuntimeError, httpx.HTTPError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
