"""The rows that lists, searches and the feed read, the projector that keeps them up to date, and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

PROJECTED_TOGETHER = 25
"""The most images that are projected together: their rows fit into one read of 100 rows and 4 MB."""

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from image_store.domain.delivery.renditions import Rendition
    from image_store.domain.finding.cards import Card
    from image_store.domain.finding.feed import FeedEntry, FeedQuery, FeedSlice
    from image_store.domain.finding.groups import (
        GroupPage,
        GroupQuery,
        GroupRecord,
        GroupSummary,
        TagPage,
        TagQuery,
    )
    from image_store.domain.finding.lists import CardPage, ListQuery, MemberPage, OwnerGroup
    from image_store.domain.finding.projection import Rebuild
    from image_store.domain.finding.search import SearchQuery, TermRows
    from image_store.domain.finding.similarity import SimilarityCandidate
    from image_store.domain.images.details import Details


class ListRows(Protocol):
    """The rows of lists of an owner's images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def cards(self, query: ListQuery, *, after: str | None) -> CardPage:
        """Read one page of an owner's cards; eventually consistent, at most 2,000 rows examined."""
        ...

    def members(self, group: OwnerGroup, *, after: str | None, limit: int) -> MemberPage:
        """Read one page of the images of a group, the oldest first, strongly consistent."""
        ...

    def details(self, image_ids: Collection[str]) -> Mapping[str, Details]:
        """The details of images, eventually consistent; missing images are left out."""
        ...

    def renditions(self, image_ids: Collection[str]) -> Mapping[str, tuple[Rendition, ...]]:
        """The renditions that were made with images, eventually consistent; missing images are left out."""
        ...


class Projector(Protocol):
    """Keeps the projections of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def project(self, image_id: str, *, epoch: int, at: datetime, again: bool = False) -> None:
        """Bring the projections of an image up to date with its record, strongly consistent.

        Safe to repeat, in any order and in parallel. Figures count in `epoch`, or in a newer one if the image counts
        there already. `again` writes every row again.
        """
        ...

    def project_together(self, image_ids: Sequence[str], *, epoch: int, at: datetime) -> Collection[str]:
        """As `project` for up to `PROJECTED_TOGETHER` images, with few transactions on the rows of figures.

        Returns the images that `project` still has to bring up to date, one by one: all of them if a row cannot be
        read, and those that another consumer changes at this moment.
        """
        ...

    def rebuild(self) -> Rebuild:
        """The progress of a rebuild, strongly consistent."""
        ...

    def store_rebuild(self, rebuild: Rebuild) -> Rebuild:
        """Store the progress of a rebuild and return it; Conflict when another run was faster."""
        ...

    def rebuild_slice(
        self, *, after: str | None, limit: int, epoch: int, at: datetime
    ) -> tuple[int, str | None]:
        """Examine up to `limit` rows of the table: their number, and the place to continue after.

        Projects every record among them again, removes rows that belong to no record, and lets figures of older
        epochs expire. Repeated to the end, it reads the whole table.
        """
        ...


class SearchIndex(Protocol):
    """The terms of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def rows(
        self, query: SearchQuery, word: str, *, start: str | None, end: str | None, limit: int
    ) -> TermRows:
        """Terms that begin with a word, of images that match the query's filters except tag and group.

        In the order of their places, after `start` and up to `end`. Reads at most `limit` rows, eventually
        consistent.
        """
        ...

    def cards(self, query: SearchQuery, image_ids: Sequence[str]) -> Mapping[str, Card]:
        """The cards of those images that still exist and have the query's tag and group.

        Read from the records, eventually consistent: half a read unit each, and a change shows within a moment.
        """
        ...


class SimilarityIndex(Protocol):
    """The perceptual hashes of images. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def near(self, owner: str, perceptual_hash: str, *, limit: int) -> Sequence[SimilarityCandidate]:
        """READY images of an owner whose hashes share a band with this one, each once, in no order.

        Reads the newest `limit` images of each band, eventually consistent.
        """
        ...


class FeedRows(Protocol):
    """The rows of the feed. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def entries(self, query: FeedQuery, *, after: str | None, at: datetime) -> FeedSlice:
        """Public images that have not expired, the newest first, older than `after`.

        Eventually consistent. Examines at most 2,000 rows.
        """
        ...

    def details(self, entries: Sequence[FeedEntry]) -> Mapping[str, Details]:
        """The details from which these rows were written; images whose details changed since are left out."""
        ...


class Groups(Protocol):
    """The records of groups. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def get(self, owner: str, name: str) -> GroupRecord | None:
        """The record of a group, strongly consistent; None if it has none."""
        ...

    def count(self, owner: str) -> int:
        """How many groups of an owner have a record, strongly consistent."""
        ...

    def create(self, record: GroupRecord) -> None:
        """Store a new record; Conflict if the group has one already. Safe after a lost response."""
        ...

    def replace(self, before: GroupRecord, after: GroupRecord) -> None:
        """Store a record in place of another; Conflict if it was changed meanwhile. Safe after a lost response."""
        ...

    def remove(self, owner: str, name: str) -> None:
        """Remove the record of a group, if there is one."""
        ...

    def has_images(self, owner: str, name: str) -> bool:
        """Whether any READY image is in a group, strongly consistent."""
        ...

    def has_image(self, owner: str, name: str, image_id: str) -> bool:
        """Whether an image is READY and in a group, strongly consistent."""
        ...


class Places(Protocol):
    """What lists show of groups and tags. All methods raise StorageUnavailable when DynamoDB does not answer."""

    def groups(self, query: GroupQuery, *, after: str | None) -> GroupPage:
        """Groups that have a record or READY images, eventually consistent; a page may be short."""
        ...

    def group(self, owner: str, name: str) -> GroupSummary | None:
        """A group with its record and newest image, strongly consistent; None if it has neither."""
        ...

    def tags(self, query: TagQuery, *, after: str | None) -> TagPage:
        """Tags of READY images, eventually consistent; a page may be short."""
        ...
