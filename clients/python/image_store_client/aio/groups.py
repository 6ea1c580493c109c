"""Groups of images, such as albums, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from image_store_client.aio.paths import path_of
from image_store_client.paging import AsyncPages

if TYPE_CHECKING:
    from typing import Literal, Unpack

    from image_store_client.http.transport import Transport
    from image_store_client.schemas import (
        Group,
        GroupDeletion,
        GroupPatch,
        GroupRequest,
        Tag,
    )

GROUPS = "/v1/groups"


class AsyncGroups:
    """The groups of the owner, each named as `type:id`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, group_type: str | None = None, prefix: str | None = None, page_size: int = 50
    ) -> AsyncPages[Group]:
        """List groups in the order of type and id; of one type, or with a title or an id that begins with `prefix`."""
        query = {"type": group_type, "prefix": prefix, "limit": page_size}
        return AsyncPages(
            lambda cursor: self._transport.json("GET", GROUPS, params={**query, "cursor": cursor})
        )

    async def get(self, group: str) -> Group:
        """Return a group; `group_not_found` if it has neither images nor a title."""
        return cast("Group", await self._transport.json("GET", _path_of(group)))

    async def create(self, **request: Unpack[GroupRequest]) -> Group:
        """Create a group, which needs no images.

        Without an `id` the request is sent once: a second try would make a second group.
        """
        once = "id" not in request
        return cast("Group", await self._transport.json("POST", GROUPS, json=request, once=once))

    async def update(self, group: str, changes: GroupPatch) -> Group:
        """Change title or cover; a field that is left out stays as it is, and None removes its value."""
        return cast("Group", await self._transport.json("PATCH", _path_of(group), json=dict(changes)))

    async def delete(self, group: str, *, images: Literal["keep", "trash"]) -> GroupDeletion:
        """End a group: its images stay without it (`keep`), or go to the trash (`trash`).

        Sends as many requests as it needs. `failed` names images that are still in the group, which stays with them.
        """
        whole: GroupDeletion = {"images": 0, "failed": [], "next_cursor": None}
        cursor: str | None = None
        while True:
            params: dict[str, Any] = {"images": images, "cursor": cursor}
            part = cast("GroupDeletion", await self._transport.json("DELETE", _path_of(group), params=params))
            whole["images"] += part["images"]
            whole["failed"] += part["failed"]
            cursor = part["next_cursor"]
            if cursor is None:
                return whole


class AsyncTags:
    """The tags of the owner's images."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, prefix: str | None = None, page_size: int = 100) -> AsyncPages[Tag]:
        """List tags in order, each with its number of images; those that begin with `prefix`, if you name it."""
        query = {"prefix": prefix, "limit": page_size}
        return AsyncPages(
            lambda cursor: self._transport.json("GET", "/v1/tags", params={**query, "cursor": cursor})
        )


def _path_of(group: str) -> str:
    """The path of a group; the gateway ends a path at a question mark, so the store reads `%3F` as one."""
    return path_of(GROUPS, group.replace("?", "%3F"))
