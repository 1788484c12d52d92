"""The client for a served model: what a request says, how it is sent, what the answer means.

The names listed in `__init__.pyi` are the public interface: they follow semantic versioning. All
other modules may change in any release.
"""

import lazy_loader

# A name is imported when it is first used: `import viewfinder_client` loads neither httpx nor gRPC.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
