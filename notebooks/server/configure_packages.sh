#!/bin/sh
# Let `%pip install` write into the workspace, and Python import from there, after its own packages.
# A virtual environment that a user makes is not affected, nor is one of another Python.
# usage: configure_packages.sh PREFIX HOME, with the virtual environment of the notebook server
set -eu
packages=$2/.packages/$(basename "$1"/lib/python3*)
echo "$packages" > "$(echo "$1"/lib/python3*/site-packages)/workspace.pth"
printf '[install]\ntarget = %s\n' "$packages" > "$1/pip.conf"
