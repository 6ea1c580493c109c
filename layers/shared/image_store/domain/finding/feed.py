"""The feed: the public images of all owners, the newest first."""

from dataclasses import dataclass
from datetime import datetime

from image_store.domain.finding.cards import Card
from image_store.domain.finding.filters import Period


@dataclass(frozen=True, slots=True)
class FeedQuery(Period):
    """Which part of the feed to answer."""

    limit: int
    owner: str | None = None
    group: str | None = None
    """`type:id`, of any owner."""

    @property
    def binding(self) -> tuple[str | None, ...]:
        """The query parts that a cursor is valid for; the limit may change from page to page."""
        return (
            "feed",
            self.owner,
            self.group,
            self.since.isoformat() if self.since else None,
            self.until.isoformat() if self.until else None,
        )


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A row of the feed."""

    card: Card
    owner: str
    expires_at: datetime | None
    fingerprint: str
    """Identifies the version of the details from which the row was written."""


@dataclass(frozen=True, slots=True)
class FeedSlice:
    """Rows of the feed, and the id after which the next slice begins; None at the end."""

    entries: tuple[FeedEntry, ...]
    resume_after: str | None
