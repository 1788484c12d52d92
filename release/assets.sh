#!/usr/bin/env bash
# Write what a release offers besides the packages and images: compiled pipelines, components, and
# the manifests of the overlays that need no editing, all with the images that the release pushed.
# SHA256SUMS names them and the packages in dist/, which a release offers in the same place.
# usage: BIN=.venv/bin [KUBECTL=PROGRAM] release/assets.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
bin=$(cd "${BIN:-.venv/bin}" && pwd)
mkdir -p "${1:-build/release/assets}"
assets=$(cd "${1:-build/release/assets}" && pwd)
unset VIEWFINDER_STEPS_IMAGE VIEWFINDER_PREDICTOR_IMAGE

read -r -a images < <("$bin/python" -c '
from viewfinder_components import published_images as published
print(published.PREDICTOR or "none", published.STEPS or "none")')
predictor=${images[0]}
if [[ " ${images[*]} " == *" none "* ]]; then
  echo "expected the pushed images in published_images.py, received ${images[*]}; run make release-images" >&2
  exit 1
fi
shopt -s nullglob
packages=("$root"/dist/*)
if [ ${#packages[@]} -eq 0 ]; then
  echo "expected the packages in dist, received none; run make dist" >&2
  exit 1
fi
pipelines=$("$bin/python" -c '
from viewfinder_pipelines.pipeline.registry import PIPELINES
print(*(one.label for one in PIPELINES))')
kubectl=${KUBECTL:-$("$bin/python" -c '
from tests.testbed.programs import KUBECTL, build
print(build(KUBECTL) / "kubectl")')} # this one, whichever the machine has

mkdir -p build
scratch=$(mktemp -d -p "$root/build") # kustomize finds a base by a relative path
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" # away from a settings file in the checkout
for name in $pipelines; do
  "$bin/viewfinder" compile --pipeline "$name" -o "$assets/pipeline-$name.yaml"
done
"$bin/viewfinder" compile --components components
for path in components/*.yaml; do
  mv "$path" "$assets/component-${path#components/}"
done
for overlay in standalone kserve; do
  cat > kustomization.yaml << END
resources:
  - ../../manifests/overlays/$overlay
images:
  - name: viewfinder/predictor
    newName: ${predictor%@*}
    digest: ${predictor#*@}
END
  "$kubectl" kustomize . > "$assets/manifests-$overlay.yaml"
done
{
  cd "$assets" && sha256sum -- *.yaml
  cd "$root/dist" && sha256sum -- *
} > "$assets/SHA256SUMS"
