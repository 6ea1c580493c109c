"""Creates groups, and keeps what their owner says of them.

A group exists if it has a record or READY images. It gets a record when it is created, or when its title or cover is
set for the first time.
"""

from dataclasses import dataclass, replace

from image_store.domain.errors import Conflict, GroupExists, GroupNotFound, InvalidRequest, TooManyGroups
from image_store.domain.finding.groups import (
    MAX_GROUP_RECORDS,
    GroupRecord,
    GroupSummary,
)
from image_store.ports.finding import Groups
from image_store.ports.system import Clock, Ids
from image_store.services.groups.lists import PlaceLists

_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGroup:
    """A group that is to be created, with a random id unless one is given."""

    group_type: str
    group_id: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """Changes of a group; what is not among `names` stays as it is."""

    names: frozenset[str]
    """Some of `title` and `cover_image_id`."""
    title: str | None = None
    cover_image_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAdministration:
    """Creates and changes groups."""

    groups: Groups
    lists: PlaceLists
    clock: Clock
    ids: Ids

    def create(self, owner: str, new: NewGroup) -> GroupSummary:
        """Create a group, which needs no images; one that images have made gets its record.

        Raises
        ------
        GroupExists
            the group was created, or changed, before
        TooManyGroups
            the owner has 1,000 groups with a record. Requests that run at once can pass this limit by their number
        """
        name = f"{new.group_type}:{new.group_id or self.ids.token()}"
        if self.groups.get(owner, name) is not None:
            raise GroupExists
        try:
            self.groups.create(self._new_record(owner, name, title=new.title))
        except Conflict:
            raise GroupExists from None
        return self.lists.group(owner, name)

    def change(self, owner: str, name: str, change: GroupChange) -> GroupSummary:
        """Change title or cover. Safe to repeat.

        Raises
        ------
        GroupNotFound
            the group has neither a record nor READY images
        InvalidRequest
            the cover is no READY image of the group
        TooManyGroups
            the group has no record yet, and the owner has 1,000 groups with one
        """
        cover = change.cover_image_id
        if cover is not None and not self.groups.has_image(owner, name, cover):
            fault = (("body", "cover_image_id"), "not_in_group", "must be the id of an image of the group")
            raise InvalidRequest("The cover must be an image of the group.", errors=(fault,))
        for _ in range(_TRIES):
            record = self.groups.get(owner, name)
            try:
                self._change(record, owner, name, change)
            except Conflict:
                continue
            return self.lists.group(owner, name)
        raise Conflict("The group is being changed by others at this moment; try again.")

    def _change(self, record: GroupRecord | None, owner: str, name: str, change: GroupChange) -> None:
        if record is None:
            if not self.groups.has_images(owner, name):
                raise GroupNotFound
            self.groups.create(self._changed(self._new_record(owner, name), change))
            return
        changed = self._changed(record, change)
        if changed != record:
            self.groups.replace(record, replace(changed, change=self.ids.token()))

    def _changed(self, record: GroupRecord, change: GroupChange) -> GroupRecord:
        return replace(
            record,
            title=change.title if "title" in change.names else record.title,
            cover_image_id=change.cover_image_id
            if "cover_image_id" in change.names
            else record.cover_image_id,
        )

    def _new_record(self, owner: str, name: str, *, title: str | None = None) -> GroupRecord:
        if self.groups.count(owner) >= MAX_GROUP_RECORDS:
            raise TooManyGroups
        return GroupRecord(
            owner=owner, name=name, change=self.ids.token(), created_at=self.clock.now(), title=title
        )
