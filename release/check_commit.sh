#!/usr/bin/env bash
# Check that the commit that is checked out was merged. usage: release/check_commit.sh BRANCH
set -euo pipefail
branch=${1:?expected a branch, such as origin/main, received none}
git rev-parse --quiet --verify "$branch^{commit}" >/dev/null ||
  { echo "expected the branch $branch in this clone, received none; fetch it" >&2; exit 1; }
git merge-base --is-ancestor HEAD "$branch" || {
  echo "expected a commit of $branch, received $(git rev-parse HEAD); merge it, and tag what was merged" >&2
  exit 1
}
