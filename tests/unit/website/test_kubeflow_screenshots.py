"""The pictures of Kubeflow's UI, of a page that behaves like it, with what a real API answered."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.fixtures.loopback import running
from tests.kubeflow.conftest import RECORDED
from tests.kubeflow.recorder.exchanges import Exchange, load, make_exchange
from tests.kubeflow.recorder.http_server import ExchangeServer, Request
from tests.kubeflow.recorder.thinning import RUN
from website.kubeflow_screenshots import list_pictures, main
from website.screenshots import find_browser

UI = """<!doctype html><style>body { margin: 0; height: 100vh } .node { position: absolute }
#panel { position: absolute; right: 0; top: 0; width: 400px; height: 100%; background: #00f }
#sideNav { position: absolute; left: 0; top: 0; width: 200px; height: 100%; background: #000 }
.react-flow__controls-fitview { position: absolute; left: 0; bottom: 0 }
</style><body><div id="sideNav"></div><button class="react-flow__controls-fitview"></button>
<script>
const show = (text, act) => {
  const node = document.createElement("div");
  node.className = "node"; node.textContent = text;
  node.style.top = `${20 * document.querySelectorAll(".node").length}px`;
  node.onmousedown = act;
  return node;
};
const open = (tab) => () => {
  const panel = document.createElement("div");
  panel.id = "panel";
  panel.append(show(tab, () => {
    panel.style.background = "#0f0";
    setTimeout(() => { panel.style.background = "#f00"; panel.append("exit status 1"); }, 1500);
  }));
  document.body.append(panel);
};
setTimeout(() => {  // as an application of a single page, which loads its data first
  const isRun = location.hash.startsWith("#/runs/details/");
  const names = isRun ? NODES : { evaluate: "", "Show Summary": "" };
  const states = document.createElement("i");
  states.dataset.testid = "execution-icon-active";
  setTimeout(() => {  // before, a click opens nothing
    for (const [name, tab] of Object.entries(names)) document.body.append(show(name, open(tab)));
    document.body.append(states);
  }, 300);
}, 300);
</script>"""
NODES = {
    "validate": "Logs", "evaluate": "", "deploy": "", "test_metrics": "Visualization",
    "confusion_matrix_and_roc": "Visualization", "evaluation_report": "Visualization",
}  # fmt: skip
KINDS = {"run": "success", "failed": "bad-data", "deployment": "deployment"}


def last_state(kind: str) -> Exchange:
    """Return a recorded run at its end."""
    exchanges = load(RECORDED / "ui" / f"{kind}.json.xz")
    return [one for one in exchanges if RUN.search(one.path) and "v2beta1" in one.path][-1]


RUNS = {option: last_state(kind) for option, kind in KINDS.items()}


class FakeUI(ExchangeServer):
    """Answers the page everywhere, except for the recorded runs."""

    def answer(self, request: Request) -> Exchange:
        for run in RUNS.values():
            if run.target == request.target:
                return run
        page = UI.replace("NODES", json.dumps(NODES)).encode()
        return make_exchange(0, "GET", request.target, 200, "text/html", page)


@pytest.fixture
def ui() -> Iterator[FakeUI]:
    with running(FakeUI()) as server:
        yield server


def ids() -> dict[str, str]:
    return {option: run.path.rpartition("/")[2] for option, run in RUNS.items()}


def test_every_picture_of_the_pages_is_made(ui: FakeUI) -> None:
    made = {f"kubeflow-{one.name}.png" for one in list_pictures(ui.url, **ids())}
    images = Path(__file__).parents[3] / "docs" / "images"
    assert made == {path.name for path in images.glob("kubeflow-*.png")}


def test_the_pictures_show_what_was_opened(ui: FakeUI, tmp_path: Path) -> None:
    try:
        find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    options = [f"--{option}={run}" for option, run in ids().items() if option != "run"]
    assert main([ui.url, "--folder", str(tmp_path), *options]) == 0
    for name, size, color in (
        ("failure", (400, 884), (255, 0, 0)),
        ("deployment", (1000, 780), (255, 255, 255)),
    ):
        with Image.open(tmp_path / f"kubeflow-{name}.png") as picture:
            assert picture.size == size
            assert picture.convert("RGB").getpixel((380, 700)) == color
            assert picture.convert("RGB").getpixel((20, 400)) == color  # the side bar is hidden


def test_a_run_without_a_failed_step(
    ui: FakeUI, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    try:
        find_browser()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    run = ids()["run"]
    assert main([ui.url, "--folder", str(tmp_path), "--failed", run]) == 1
    assert f"expected a run with a failed step, received {run}" in capsys.readouterr().err
