#!/usr/bin/env bash
# Build the images for both processors, push them, start each once, and write their digests into the
# package. usage: [PYTHON=python3] release/images.sh ghcr.io/OWNER/viewfinder VERSION
# SOURCE, the address of the repository, becomes a label. Needs docker with buildx and QEMU.
set -euo pipefail
cd "$(dirname "$0")/.."
registry=${1:?expected the prefix of the images, received none; set REGISTRY=ghcr.io/OWNER/viewfinder}
registry=${registry,,} # a registry accepts lower case only
version=${2:?expected the version, received none; set VERSION=0.2.0}
python=${PYTHON:-python3}
platforms=(linux/amd64 linux/arm64)
folder=build/release/images
mkdir -p "$folder"

# Registries show the annotations of the index, which names the images of both processors.
push() {
  local description annotations
  description=$(sed -n "/title=\"viewfinder\/$1\"/ {n; s/.*description=\"\(.*\)\".*/\1/p}" Dockerfile)
  annotations=("description=$description" "licenses=Apache-2.0" "version=$version")
  docker buildx build . --target "$1" --tag "$registry/$1:$version" --push \
    --platform "$(IFS=,; echo "${platforms[*]}")" --sbom=true --provenance=mode=max \
    --metadata-file "$folder/$1.json" \
    "${annotations[@]/#/--annotation=index:org.opencontainers.image.}" \
    ${SOURCE:+"--annotation=index:org.opencontainers.image.source=$SOURCE"} \
    --label "org.opencontainers.image.version=$version" \
    --label "org.opencontainers.image.revision=$(git rev-parse HEAD)" \
    ${SOURCE:+--label "org.opencontainers.image.source=$SOURCE"}
}

# Run a program of a pushed image on both processors. usage: start NAME PROGRAM ARGUMENT...
start() {
  local image platform name=$1 program=$2
  image=$registry/$name@$("$python" -c '
import json, sys
print(json.load(open(sys.argv[1]))["containerimage.digest"])' "$folder/$name.json")
  for platform in "${platforms[@]}"; do
    docker run --rm --pull always --platform "$platform" --entrypoint "$program" "$image" "${@:3}"
    docker image rm "$image" # the disk has no room for all of them
  done
}

push predictor
start predictor python3 -m viewfinder_serving --help
push steps
start steps viewfinder --version
"$python" release/pin_images.py "$registry" "$folder"
push notebook # after the pins: people submit runs from it, and it names the images of these runs
start notebook jupyter lab --version
