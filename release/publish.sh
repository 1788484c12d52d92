#!/usr/bin/env bash
# Create the GitHub release of a tag, with the notes, packages and files that were built for it.
# usage: release/publish.sh VERSION; gh takes the repository and the token from its environment.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?expected the version, received none; set VERSION=0.2.0}
options=()
[[ $version != *rc* ]] || options+=(--prerelease)
gh release create "v$version" --verify-tag --title "Viewfinder $version" \
  --notes-file build/release/notes.md ${options[@]+"${options[@]}"} build/release/assets/* dist/*
