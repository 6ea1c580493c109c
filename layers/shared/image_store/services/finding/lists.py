"""Answers pages of an owner's images."""

from dataclasses import dataclass

from image_store.domain.errors import InvalidRequest
from image_store.domain.finding.cards import Card
from image_store.domain.finding.lists import ListQuery
from image_store.ports.finding import ListRows
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors


@dataclass(frozen=True, slots=True)
class Page:
    """Cards and the cursor of the next page; a page may be short or empty while there is a cursor."""

    cards: tuple[Card, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Answers pages of lists."""

    rows: ListRows
    cursors: Cursors
    clock: Clock

    def page(self, query: ListQuery, *, cursor: str | None) -> Page:
        """One page; InvalidCursor unless the cursor is from the same query of the same owner."""
        if query.trashed and query.group is not None:
            raise InvalidRequest("Trashed images are in no group: ask for one or the other.")
        if query.sha256 is not None and (query.trashed or query.group is not None or query.tag is not None):
            raise InvalidRequest(
                "`sha256` finds images that are not in the trash; without `tag` and `group`."
            )
        if query.is_empty:
            return Page((), None)
        now = self.clock.now()
        after = self.cursors.read(cursor, query, at=now) if cursor is not None else None
        page = self.rows.cards(query, after=after)
        resume = page.resume_after
        return Page(page.cards, self.cursors.make(resume, query, at=now) if resume is not None else None)
