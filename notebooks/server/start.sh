#!/bin/sh
# Copy the notebooks of this release into the workspace, unless they are there, and start JupyterLab.
set -eu
# -P: the workspace may have modules that are named like Python's own.
prefix=$(python3 -P -c 'import sys; print(sys.prefix)')
release=$(python3 -P -c 'from importlib.metadata import version; print(version("viewfinder"))')
mkdir -p "$HOME/viewfinder-$release"
cp --recursive --no-clobber "$prefix/share/viewfinder/." "$HOME/viewfinder-$release"
# Python leaves out a folder that does not exist when it starts, even if it is made later.
mkdir -p "$(cat "$prefix"/lib/python3*/site-packages/workspace.pth)"
exec jupyter lab
