"""Write the pushed images' names into the package: `python release/pin_images.py REGISTRY FOLDER`.

REGISTRY is the prefix of the names, such as ghcr.io/example/viewfinder, written in lower case as
registries require. FOLDER has a file for each image, such as `steps.json`, which `docker buildx
build --metadata-file` wrote.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_MODULE = "components/viewfinder_components/published_images.py"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read_image(registry: str, metadata: Path) -> str:
    """Return an image's name with its digest; without a tag, so that it is compared as text.

    Raises:
        ValueError: The registry is empty, or the file holds no digest.
    """
    if not registry:
        raise ValueError(
            "expected the prefix of the images, received ''; set REGISTRY=ghcr.io/OWNER/viewfinder"
        )
    digest = json.loads(metadata.read_text(encoding="utf-8")).get("containerimage.digest", "")
    if not _DIGEST.fullmatch(digest):
        raise ValueError(
            f"expected containerimage.digest in {metadata}, received '{digest}'; push the image "
            "with `make release-images`"
        )
    return f"{registry.lower().rstrip('/')}/{metadata.stem}@{digest}"


def pin(module: Path, images: dict[str, str]) -> None:
    """Write the images into the module, in place of those that it names.

    Raises:
        ValueError: The module has no such constant.
    """
    text = module.read_text(encoding="utf-8")
    for name, image in images.items():
        constant = name.upper()
        text, count = re.subn(rf'^{constant} = ".*"$', f'{constant} = "{image}"', text, flags=re.M)
        if count != 1:
            raise ValueError(f"expected {constant} in {module}, received {count} of them")
    module.write_text(text, encoding="utf-8")


def main() -> int:
    """Run the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("registry")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    given = parser.parse_args()
    try:
        images = {
            name: read_image(given.registry, given.folder / f"{name}.json")
            for name in ("steps", "predictor")
        }
        pin(given.root / _MODULE, images)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(*images.values(), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
