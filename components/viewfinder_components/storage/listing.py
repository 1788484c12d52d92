"""List a bucket page by page."""

from collections.abc import Iterator

from viewfinder_components.storage.objects import ObjectClient, ObjectInfo


def list_objects(client: ObjectClient, prefix: str) -> Iterator[ObjectInfo]:
    """Yield every object whose key starts with `prefix`, in the order of the keys' bytes.

    Only one page is in memory at a time, and the next one is requested when needed.
    """
    following = None
    while True:
        page = client.page(prefix, following=following)
        yield from page.objects
        following = page.following
        if following is None:
            return


def list_folders(client: ObjectClient, prefix: str) -> Iterator[str]:
    """Yield each name between `prefix` and the next slash, once."""
    following = None
    while True:
        page = client.page(prefix, delimiter="/", following=following)
        yield from (folder[len(prefix) : -1] for folder in page.folders)
        following = page.following
        if following is None:
            return
