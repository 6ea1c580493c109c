"""Groups of images, such as albums, and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from image_store_client.paging import Pages

if TYPE_CHECKING:
    from typing import Literal, Unpack

    from image_store_client.aio.groups import AsyncGroups, AsyncTags
    from image_store_client.http.runtime import Run
    from image_store_client.schemas import (
        Group,
        GroupDeletion,
        GroupPatch,
        GroupRequest,
        Tag,
    )


class Groups:
    """The groups of the owner, each named as `type:id`."""

    def __init__(self, core: AsyncGroups, run: Run) -> None:
        self._core = core
        self._run = run

    def list(
        self, *, group_type: str | None = None, prefix: str | None = None, page_size: int = 50
    ) -> Pages[Group]:
        """List groups in the order of type and id; of one type, or with a title or an id that begins with `prefix`."""
        return Pages(self._core.list(group_type=group_type, prefix=prefix, page_size=page_size), self._run)

    def get(self, group: str) -> Group:
        """Return a group; `group_not_found` if it has neither images nor a title."""
        return self._run(self._core.get(group))

    def create(self, **request: Unpack[GroupRequest]) -> Group:
        """Create a group, which needs no images.

        Without an `id` the request is sent once: a second try would make a second group.
        """
        return self._run(self._core.create(**request))

    def update(self, group: str, changes: GroupPatch) -> Group:
        """Change title or cover; a field that is left out stays as it is, and None removes its value."""
        return self._run(self._core.update(group, changes))

    def delete(self, group: str, *, images: Literal["keep", "trash"]) -> GroupDeletion:
        """End a group: its images stay without it (`keep`), or go to the trash (`trash`).

        Sends as many requests as it needs. `failed` names images that are still in the group, which stays with them.
        """
        return self._run(self._core.delete(group, images=images))


class Tags:
    """The tags of the owner's images."""

    def __init__(self, core: AsyncTags, run: Run) -> None:
        self._core = core
        self._run = run

    def list(self, *, prefix: str | None = None, page_size: int = 100) -> Pages[Tag]:
        """List tags in order, each with its number of images; those that begin with `prefix`, if you name it."""
        return Pages(self._core.list(prefix=prefix, page_size=page_size), self._run)
