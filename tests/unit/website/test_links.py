"""Links lead to the same files on the site as in the repository."""

from pathlib import Path, PurePosixPath

import pytest
from website.links import find_links, rewrite_links


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("README.md", "docs/a.md", "docs/images/a.svg", "manifests/x.yaml", "docs/b/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("page", "link", "rewritten"),
    [
        ("README.md", "docs/a.md#top", "a.md#top"),
        ("docs/a.md", "../README.md", "index.md"),
        ("docs/a.md", "images/a.svg", "images/a.svg"),
        ("docs/a.md", "../manifests/x.yaml", "files/manifests/x.yaml.md"),
        ("docs/a.md", "b", "b/index.md"),
        ("docs/b/c.md", "../a.md", "../a.md"),
        ("docs/a.md", "https://example.com/a.md", "https://example.com/a.md"),
        ("docs/a.md", "#below", "#below"),
    ],
)
def test_rewrites(root: Path, page: str, link: str, rewritten: str) -> None:
    assert rewrite_links(f"[x]({link})", PurePosixPath(page), root) == f"[x]({rewritten})"


def test_leaves_code_alone(root: Path) -> None:
    text = "```python\nx = [f](b)\n```"
    assert rewrite_links(text, PurePosixPath("docs/a.md"), root) == text


@pytest.mark.parametrize("link", ["gone.md", "images/gone.png", "../../outside.md"])
def test_refuses_a_link_that_leads_nowhere(root: Path, link: str) -> None:
    with pytest.raises(FileNotFoundError, match="correct the link"):
        list(find_links(f"[x]({link})", PurePosixPath("docs/a.md"), root))
