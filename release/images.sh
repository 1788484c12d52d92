#!/usr/bin/env bash
# Build the images for both processors, push them, and write their digests into the package.
# usage: BIN=.venv/bin release/images.sh ghcr.io/OWNER/viewfinder VERSION
# SOURCE, the address of the repository, becomes a label. Needs docker with buildx and QEMU.
set -euo pipefail
cd "$(dirname "$0")/.."
registry=${1,,} # a registry accepts lower case only
version=$2
folder=build/release/images
mkdir -p "$folder"

push() {
  docker buildx build . --target "$1" --tag "$registry/$1:$version" --push \
    --platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max \
    --metadata-file "$folder/$1.json" \
    --label "org.opencontainers.image.version=$version" \
    --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" \
    ${SOURCE:+--label "org.opencontainers.image.source=$SOURCE"}
}

push predictor
push steps
"${BIN:-.venv/bin}/python" release/pin_images.py "$registry" "$folder"
push notebook # after the pins: people submit runs from it, and it names the images of these runs
