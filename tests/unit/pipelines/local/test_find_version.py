"""What `viewfinder serve` finds, and what it says where it finds nothing."""

from pathlib import Path

import pytest

import viewfinder
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_pipelines.local.serving import find_version
from viewfinder_pipelines.settings.environment import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for version in ("fruit/1", "fruit/9", "fruit/10", "pets/1"):
        folder = tmp_path / "home" / "models" / version
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "a.jpg").touch()
    monkeypatch.chdir(tmp_path)
    return Settings(home=tmp_path / "home")


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("fruit", "fruit/10"),
        ("fruit/9", "fruit/9"),
        ("home/models/fruit/1", "fruit/1"),
        ("home/models/fruit/1/", "fruit/1"),
        ("home/models/fruit", "fruit/10"),
        ("./home/models/fruit/", "fruit/10"),
        ("{root}/fruit", "fruit/10"),
        ("file://{root}/fruit", "fruit/10"),
        ("file://{root}/fruit/9", "fruit/9"),
    ],
)
def test_a_model_stands_for_its_newest_version(named: str, found: str, settings: Settings) -> None:
    version = find_version(named.format(root=settings.models), settings)
    assert version == settings.models / found


def test_a_folder_that_is_called_like_a_published_model_does_not_hide_it(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "fruit" / "apple").mkdir(parents=True)
    assert find_version("fruit", settings) == settings.models / "fruit" / "10"


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("fruits", "received only fruit, pets there; did you mean fruit?"),
        ("fruit/2", "version 2 of fruit under .*, received only 10, 9, 1 there; name one of these"),
        ("home/lost/fruit", "home/lost/fruit, received nothing there; name the folder of a model"),
        ("./a.jpg", "a.jpg, received a file; name the folder of a model"),
        ("home/models", "a folder of 2 models: fruit, pets; name one of them: .*/models/fruit"),
        ("photos", "a folder without manifest.json and without versions"),
        (
            "cars",
            "folder, publish one with `viewfinder run --data PHOTOS`, or set VIEWFINDER_HOME to",
        ),
    ],
)
def test_each_mistake_has_its_own_sentence(named: str, sentence: str, settings: Settings) -> None:
    with pytest.raises(PermanentError, match=sentence):
        find_version(named, settings)


@pytest.mark.parametrize("name", ["a/b", "a\0b", "é x", "-h", "x" * 3_000])
def test_a_name_that_no_url_can_have_is_refused_before_anything_starts(
    name: str, settings: Settings
) -> None:
    with pytest.raises(UsageError, match=r"letters, digits, .*; choose another: name=NAME$"):
        viewfinder.serve("fruit", name=name, home=settings.home)


def test_a_folder_whose_name_no_url_can_have(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "my models").mkdir()
    (settings.models / "fruit" / "1").rename(tmp_path / "my models" / "1")
    with pytest.raises(UsageError, match="received 'my models'"):
        viewfinder.serve(tmp_path / "my models" / "1")
