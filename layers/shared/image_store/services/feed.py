"""The public feed, page by page."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from image_store.domain.feed import FeedQuery
from image_store.domain.projection import month_of
from image_store.ports.projections import FeedRows
from image_store.ports.system import Clock
from image_store.services.cursors import Cursors
from image_store.services.listing import Page

if TYPE_CHECKING:
    from image_store.domain.cards import Card

MAX_EXAMINED_ROWS = 500
"""Rows of images that are public no more are rare: they go within seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Answers the feed from rows by month; whether an image is public is read from its record, each time."""

    rows: FeedRows
    cursors: Cursors
    clock: Clock

    def page(self, query: FeedQuery, *, cursor: str | None) -> Page:
        """One page; InvalidCursor unless the cursor is one of the feed's."""
        now = self.clock.now()
        after = self.cursors.read(cursor, query, at=now) if cursor is not None else None
        cards: list[Card] = []
        examined = 0
        for month in self.rows.months():
            if after is not None and month > month_of(after):
                continue
            while True:
                wanted = query.limit - len(cards)
                ids = self.rows.ids(month, after=after, limit=wanted)
                public = self.rows.public_cards(ids)
                cards += [public[image_id] for image_id in ids if image_id in public]
                examined += len(ids)
                after = ids[-1] if ids else after
                if len(ids) < wanted:
                    break
                if len(cards) == query.limit or examined >= MAX_EXAMINED_ROWS:
                    return Page(tuple(cards), self.cursors.make(ids[-1], query, at=now))
        return Page(tuple(cards), None)
