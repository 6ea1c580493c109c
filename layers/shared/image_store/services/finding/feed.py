"""The public feed, page by page.

Its rows are written and removed together with the records, so a row that is read belongs to an image that is public.
"""

from dataclasses import dataclass

from image_store.domain.finding.feed import FeedPage, FeedQuery
from image_store.ports.finding import FeedRows
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Answers the feed: all of it, that of an owner, or that of a group."""

    rows: FeedRows
    cursors: Cursors
    clock: Clock

    def page(self, query: FeedQuery, *, cursor: str | None, with_details: bool = False) -> FeedPage:
        """One page; InvalidCursor unless the cursor is one of the same feed's.

        With details, an image whose details have changed since its row was read is left to the next look.
        """
        now = self.clock.now()
        after = self.cursors.read(cursor, query, at=now) if cursor is not None else None
        if query.is_empty:
            return FeedPage((), {}, None)
        found = self.rows.entries(query, after=after, at=now)
        entries, details = found.entries, {}
        if with_details and entries:
            details = dict(self.rows.details(entries))
            entries = tuple(entry for entry in entries if entry.card.id in details)
        resume = found.resume_after
        return FeedPage(
            entries, details, self.cursors.make(resume, query, at=now) if resume is not None else None
        )
