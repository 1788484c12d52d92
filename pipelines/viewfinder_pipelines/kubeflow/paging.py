"""Lists that Kubeflow Pipelines' API answers in pages."""

from collections.abc import Callable
from typing import Any

from viewfinder_pipelines.kubeflow.client import Kubeflow

_PAGE = 100


def list_all(
    kubeflow: Kubeflow, method: Callable[..., Any], attribute: str, **arguments: Any
) -> list[Any]:
    """Return what a method of the API lists, from all pages.

    Args:
        kubeflow: The installation.
        method: The method, which takes `page_token` and `page_size`.
        attribute: The attribute of its answers that has the list.
        arguments: The method's other arguments.

    Raises:
        PermanentError: The API refused.
        TransientError: The API is currently unavailable.
    """
    found: list[Any] = []
    token = ""
    while True:
        answer = kubeflow.call(method, page_token=token, page_size=_PAGE, **arguments)
        found += getattr(answer, attribute) or []
        token = answer.next_page_token
        if not token:
            return found
