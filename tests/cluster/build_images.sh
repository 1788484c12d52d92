#!/usr/bin/env bash
# Build all images with buildah and write them as archives that containerd reads.
# usage: build_images.sh BASE FOLDER
#   BASE    an image with Python 3.11, such as docker.io/library/python:3.11-slim-bookworm
#   FOLDER  where predictor.tar, steps.tar and notebook.tar go; an unchanged image is not written again
# pip asks what /etc/pip.conf (or PIP_CONFIG_FILE) names, and trusts SSL_CERT_FILE, as on this machine.
set -euo pipefail
# What buildah mounts stays in a mount namespace that ends with this script, even when it is killed.
[ "${1:-}" = --in-namespace ] || exec unshare --mount --propagation private "$0" --in-namespace "$@"
shift
base=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cd "$(dirname "$0")/../.."

secrets=()
for secret in "pip.conf=${PIP_CONFIG_FILE:-/etc/pip.conf}" \
  "ca=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"; do
  [ ! -f "${secret#*=}" ] || secrets+=(--secret "id=${secret%%=*},src=${secret#*=}")
done

id_of() { buildah inspect --type image --format '{{.FromImageID}}' "$1"; }
for target in predictor steps notebook; do
  name=localhost/viewfinder/$target:test
  before=$(id_of "$name" 2>/dev/null || true)
  # chroot: no daemon, and no namespaces that a container may not make.
  buildah build --quiet --isolation chroot --layers --build-arg "BASE=$base" "${secrets[@]}" \
    --target "$target" --tag "$name" .
  id=$(id_of "$name")
  # The image that had the name before would stay, gigabytes for each change of the project.
  [ -z "$before" ] || [ "$before" = "$id" ] || buildah rmi "$before" > /dev/null || true
  if [ "$(cat "$folder/$target.id" 2>/dev/null)" != "$id" ]; then
    rm -f "$folder/$target.tar" "$folder/$target.id"
    buildah push --quiet "$name" "docker-archive:$folder/$target.tar:$name"
    echo "$id" > "$folder/$target.id"
  fi
  echo "$folder/$target.tar"
done
