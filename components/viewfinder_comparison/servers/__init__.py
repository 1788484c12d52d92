"""The ways to serve: each folder has the code that its user writes, and a `server.py` about it.

A `server.py` says how the code is installed, started, asked and understood. `registry` lists them.
"""
