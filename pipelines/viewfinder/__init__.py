"""Viewfinder: from a folder of labelled photos to a measured image classifier behind KServe.

The names listed in `__init__.pyi` are the public interface: they follow semantic versioning.
Everything else in this package and in the other packages may change in any release, except for
`viewfinder_client`, which has such a list of its own, and for the steps' components, which
pipelines of your own use.
"""

import lazy_loader

# A name is imported when it is first used: `viewfinder --help` answers at once.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
