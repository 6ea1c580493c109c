"""Lists the owners of a store page by page, for admins."""

import base64
import binascii
from dataclasses import dataclass

from image_store.domain.callers.actor import is_owner
from image_store.domain.errors import InvalidCursor
from image_store.ports.operations import Owners


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerList:
    """The owners who have or had an image."""

    owners: Owners

    def page(self, *, cursor: str | None, limit: int) -> tuple[tuple[str, ...], str | None]:
        """Some owners, and the cursor of the next page; InvalidCursor unless a page ended with this one.

        A cursor only names the owner after whom to continue, so it does not expire.
        """
        page = self.owners.page(after=None if cursor is None else _owner_in(cursor), limit=limit)
        return page.owners, None if page.after is None else _cursor_of(page.after)


def _cursor_of(owner: str) -> str:
    return base64.urlsafe_b64encode(owner.encode()).rstrip(b"=").decode("ascii")


def _owner_in(cursor: str) -> str:
    try:
        owner = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        owner = ""
    if not is_owner(owner):
        raise InvalidCursor("The cursor is not one of this list.")
    return owner
