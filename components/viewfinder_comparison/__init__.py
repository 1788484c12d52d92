"""The comparison of ways to serve a model: servers, load, measurements, and the pages about them.

`results` is the format of what a comparison writes; everything else is about making it.
"""
