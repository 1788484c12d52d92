"""Go through a bucket page by page."""

from collections.abc import Iterator

from viewfinder_components.storage.objects import ObjectClient, ObjectInfo


def list_objects(client: ObjectClient, prefix: str) -> Iterator[ObjectInfo]:
    """Yield every object whose key begins with `prefix`, in the order of the keys' bytes.

    No more than a page is in memory, and the next one is asked for when it is needed.
    """
    following = None
    while True:
        page = client.page(prefix, following=following)
        yield from page.objects
        following = page.following
        if following is None:
            return


def list_folders(client: ObjectClient, prefix: str) -> Iterator[str]:
    """Yield what stands between `prefix` and the next slash, once each."""
    following = None
    while True:
        page = client.page(prefix, delimiter="/", following=following)
        yield from (folder[len(prefix) : -1] for folder in page.folders)
        following = page.following
        if following is None:
            return
