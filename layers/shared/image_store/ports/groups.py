"""Groups and tags as places: their records, and what lists show of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from image_store.domain.finding.groups import (
        GroupPage,
        GroupQuery,
        GroupRecord,
        GroupSummary,
        TagPage,
        TagQuery,
    )


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
