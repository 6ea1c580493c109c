"""Answers pages of the public feed.

Its rows are written and removed in the transactions of the records, so every row belongs to a public image.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from image_store.domain.finding.cards import CardFields, Page
from image_store.domain.finding.feed import FeedQuery, FeedSlice
from image_store.domain.images.details import Details
from image_store.ports.finding import FeedRows
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors
from image_store.services.finding.hot_pages import HotPages

PageName = tuple[FeedQuery, str | None, bool]
"""A query, the image after which the page begins, and whether the page has details."""
FeedPage = tuple[FeedSlice, Mapping[str, Details]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Answers pages of the whole feed, or of one owner or group."""

    rows: FeedRows
    cursors: Cursors
    clock: Clock
    hot_pages: HotPages[PageName, FeedPage]

    def page(self, query: FeedQuery, *, cursor: str | None, with_details: bool = False) -> Page:
        """One page; InvalidCursor unless the cursor is from the same query.

        `with_details` leaves out images whose details changed after their row was written; the next read has them.
        """
        now = self.clock.now()
        after = self.cursors.read(cursor, query, at=now) if cursor is not None else None
        if query.is_empty:
            return Page((), None)
        feed_slice, details = self.hot_pages.page(
            (query, after, with_details),
            lambda: self._read(query, after=after, at=now, with_details=with_details),
            at=now,
        )
        entries = feed_slice.entries
        if with_details:
            entries = tuple(entry for entry in entries if entry.card.id in details)
        resume = feed_slice.resume_after
        return Page(
            tuple(entry.card for entry in entries),
            self.cursors.make(resume, query, at=now) if resume is not None else None,
            {
                entry.card.id: CardFields(entry.owner, details.get(entry.card.id), entry.card.renditions)
                for entry in entries
            },
        )

    def _read(self, query: FeedQuery, *, after: str | None, at: datetime, with_details: bool) -> FeedPage:
        feed_slice = self.rows.entries(query, after=after, at=at)
        reads_details = with_details and feed_slice.entries
        return feed_slice, self.rows.details(feed_slice.entries) if reads_details else {}
