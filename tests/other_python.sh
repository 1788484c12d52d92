#!/usr/bin/env bash
# Run the tests of the steps and the predictor on another Python, from the same pinned requirements.
# usage: BIN=.venv/bin NUMERIC_TESTS="PATH..." UNTRACED_TESTS="PATH..." [COVERAGE=1] [REQUIRED=1]
#   tests/other_python.sh 3.12
# If that Python is not found, REQUIRED is an error; otherwise only NUMERIC_TESTS run, on BIN's Python:
# the caller's environment chooses how TensorFlow and OpenVINO compute.
# With COVERAGE, code coverage is measured, whichever Python runs; UNTRACED_TESTS run without it.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
uv=$(realpath "$BIN/uv")

find_python() { # a command of that name may belong to a version manager that has another one chosen
  local candidate
  for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
    "$candidate" -c 'import sys; print(sys.executable)' 2>/dev/null && return
  done
  return 1
}

if ! python=$(find_python); then
  message="expected Python $version, received none; install it to run the tests on it"
  [ -z "${REQUIRED:-}" ] || { echo "$message" >&2; exit 1; }
  echo "$message; only the numerical tests run, on $("$BIN/python" --version)"
  # shellcheck disable=SC2086 # several paths
  "$BIN/python" -m pytest -p no:cacheprovider -m "not slow" $NUMERIC_TESTS
  [ -z "${COVERAGE:-}" ] || make --no-print-directory -o setup coverage BIN="$BIN"
  exit
fi
VIRTUAL_ENV=$(mktemp -d)
export VIRTUAL_ENV
trap 'rm -rf "$VIRTUAL_ENV"' EXIT
# What Python compiles on import is kept, also where it may not write bytecode beside the source:
# otherwise every process compiles TensorFlow again, for 12 s.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$VIRTUAL_ENV/bytecode
"$uv" venv --quiet --allow-existing --python "$python" "$VIRTUAL_ENV"
"$uv" pip install --quiet --require-hashes -r requirements/dev.txt
"$uv" pip install --quiet --no-deps --no-build-isolation --editable .
pytest=("$VIRTUAL_ENV/bin/python" -m pytest -p no:cacheprovider)
# Most contract tests only read the repository, which is the same on every Python; these compile.
tests=(tests/unit tests/contract/test_{component*,exit_codes,kfp_private,pipeline}.py)
later=(tests/serving)
if [ -n "${COVERAGE:-}" ]; then
  coverage=("$VIRTUAL_ENV/bin/python" -m coverage)
  read -ra untraced <<< "$UNTRACED_TESTS"
  "${coverage[@]}" erase
  "${coverage[@]}" run -m "${pytest[@]:2}" -m "not slow" "${tests[@]}" "${untraced[@]/#/--ignore=}"
  "${coverage[@]}" combine --quiet
  "${coverage[@]}" report
  later+=("${untraced[@]}")
else
  later+=("${tests[@]}")
fi
"${pytest[@]}" -m "not slow" "${later[@]}"
"${pytest[@]}" tests/local -k leaves_a_record # the whole pipeline, once
