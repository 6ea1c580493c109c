"""What lists, search and the feed read, and who keeps it up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.delivery.renditions import Rendition
    from image_store.domain.finding.cards import Card
    from image_store.domain.finding.feed import FeedEntry, FeedQuery, FeedSlice
    from image_store.domain.finding.lists import CardPage, ListQuery, MemberPage, OwnerGroup
    from image_store.domain.finding.projection import Rebuild
    from image_store.domain.finding.search import SearchQuery, TermRows
    from image_store.domain.finding.similarity import SimilarityCandidate
    from image_store.domain.images.image import Details


class ImageLists(Protocol):
    """Pages of an owner's images, in their order."""

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        """Read one page of an owner's cards; eventually consistent, at most 2,000 rows examined."""
        ...

    def members(self, group: OwnerGroup, *, after: str | None, limit: int) -> MemberPage:
        """Read one page of the images of a group, the oldest first, strongly consistent."""
        ...


class CardDetails(Protocol):
    """The rows beside those of lists. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def details(self, image_ids: Collection[str]) -> Mapping[str, Details]:
        """The details of images, eventually consistent; absent ones are left out."""
        ...

    def renditions(self, image_ids: Collection[str]) -> Mapping[str, tuple[Rendition, ...]]:
        """The renditions that were made with images, eventually consistent; absent images are left out."""
        ...


class Projector(Protocol):
    """Keeps what is projected of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def project(self, image_id: str, *, epoch: int, at: datetime, again: bool = False) -> None:
        """Make the projections of an image those of its record as it is now, strongly consistent.

        Safe to repeat, in any order and in parallel. Figures are counted under `epoch`, or a newer one where
        the image is counted there already. With `again` every row is written anew.
        """
        ...

    def rebuild(self) -> Rebuild:
        """How far a rebuild has come, strongly consistent."""
        ...

    def keep_rebuild(self, rebuild: Rebuild) -> Rebuild:
        """Remember how far it has come, and answer what is kept; Conflict when another run was faster."""
        ...

    def remake(self, *, after: str | None, limit: int, epoch: int, at: datetime) -> tuple[int, str | None]:
        """Look at so many rows of the table: how many there were, and where to go on.

        Projects every record among them anew, removes rows that no record accounts for, and lets figures of older
        epochs expire. Reads the whole table once it is repeated to its end.
        """
        ...


class SearchIndex(Protocol):
    """The terms of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def rows(
        self, query: SearchQuery, word: str, *, start: str | None, end: str | None, limit: int
    ) -> TermRows:
        """Terms that begin with a word, of images that meet the query's filters but for tag and group.

        In the order of their places, those after `start` and up to `end`; at most `limit` rows are read for it.
        Eventually consistent.
        """
        ...

    def cards(self, query: SearchQuery, image_ids: Sequence[str]) -> Mapping[str, Card]:
        """The cards of those images that are still there and have the query's tag and group.

        Read from the records, eventually consistent: at half a unit each, what is gone is gone within a moment.
        """
        ...


class SimilarityIndex(Protocol):
    """The perceptual hashes of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def near(self, owner: str, perceptual_hash: str, *, limit: int) -> Sequence[SimilarityCandidate]:
        """READY images of an owner whose hashes share a band with this one, each once, in no order.

        Of each band the newest `limit`. Eventually consistent.
        """
        ...


class FeedRows(Protocol):
    """What the feed is read from. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def entries(self, query: FeedQuery, *, after: str | None, at: datetime) -> FeedSlice:
        """Images that were public a moment ago and have not expired, the newest first, older than `after`.

        Eventually consistent. At most 2,000 rows are examined.
        """
        ...

    def details(self, entries: Sequence[FeedEntry]) -> Mapping[str, Details]:
        """The details that the images had when these rows were written; those that have changed since are left out."""
        ...
