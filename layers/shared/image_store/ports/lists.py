"""Images of an owner, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from image_store.domain.listing import CardPage, GroupOf, ListQuery, MemberPage


class ImageLists(Protocol):
    """Pages of an owner's images, in their order."""

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        """Read one page of an owner's cards; eventually consistent, at most 2,000 rows examined."""
        ...

    def members(self, group: GroupOf, *, after: str | None, limit: int) -> MemberPage:
        """Read one page of the images of a group, the oldest first, strongly consistent."""
        ...
