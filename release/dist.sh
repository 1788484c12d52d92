#!/usr/bin/env bash
# Build the source distribution and, from it, the wheel: the same commit gives the same bytes.
# usage: BIN=.venv/bin release/dist.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${BIN:-.venv/bin}
# Outside a clone, the backend's own fixed date is used.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || true)}
[ -z "$SOURCE_DATE_EPOCH" ] || export SOURCE_DATE_EPOCH
"$bin/python" -m build --no-isolation --outdir "${1:-dist}" .
