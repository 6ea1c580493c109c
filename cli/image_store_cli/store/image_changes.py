"""Changes an image that others may change at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_store_cli.command_line.ids import image_path
from image_store_cli.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from image_store_cli.store.api import ApiClient

MOST_TRIES = 5
PRECONDITION_FAILED = 412


def change_image(
    api: ApiClient,
    image_id: str,
    changes_of: Callable[[Mapping[str, Any]], dict[str, Any]],
    *,
    if_match: str | None = None,
) -> dict[str, Any]:
    """Send the merge patch that `changes_of` makes from the image as it is now, and return the image.

    The patch has the ETag that was read. After another change the image is read again, up to 5 times, so no change is
    lost. With `if_match` this ETag is sent, once. Nothing is sent if there is nothing to change.
    """
    tries = 0
    while True:
        answer = api.request("GET", image_path(image_id))
        image: dict[str, Any] = answer.json()
        changes = changes_of(image)
        if not changes:
            return image
        try:
            etag = if_match or answer.headers.get("etag")
            return patch_image(api, image_id, changes, etag=etag, repeatable=if_match is None)
        except RequestRefused as refused:
            tries += 1
            if refused.problem.status != PRECONDITION_FAILED or if_match or tries == MOST_TRIES:
                raise


def patch_image(
    api: ApiClient, image_id: str, changes: dict[str, Any], *, etag: str | None, repeatable: bool
) -> dict[str, Any]:
    """Send a merge patch and return the image.

    A patch with the ETag of a user is not repeatable: if the lost request had changed the image, the second answer
    would be a wrong 412.
    """
    headers = {"If-Match": etag} if etag else None
    image: dict[str, Any] = api.request(
        "PATCH", image_path(image_id), json=changes, headers=headers, repeatable=repeatable
    ).json()
    return image
