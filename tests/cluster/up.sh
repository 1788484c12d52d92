#!/usr/bin/env bash
# Bring up what `run.sh` needs: a test bed with the project's images. What is up stays as it is.
# usage: BIN=.venv/bin tests/cluster/up.sh; KSERVE=0.16.0 chooses the test bed's KServe.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${BIN:-.venv/bin}
"$bin/python" -m tests.testbed setup
"$bin/python" -m tests.testbed up ${KSERVE:+--kserve "$KSERVE"}
images=$("$bin/python" -m tests.testbed images-folder)
tests/cluster/build_images.sh "$("$bin/python" -m tests.testbed base-image)" "$images"
"$bin/python" -m tests.testbed load "$images"/{predictor,steps,notebook}.tar
