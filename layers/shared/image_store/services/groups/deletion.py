"""Ends a group: takes its images out of it, or moves them to the trash, and then removes its record.

The record goes last, and only when no READY image is left in the group. So a request that was cut off leaves a smaller
group that can be ended again.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from image_store.domain.errors import ImageNotFound
from image_store.domain.finding.lists import OwnerGroup
from image_store.domain.images.image import Image
from image_store.ports.finding import Groups
from image_store.services.groups.members import GroupMembers, MemberResult
from image_store.services.images.deletion import Deletion
from image_store.services.images.editing import Editing


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDeletion:
    """Ends groups, a hundred images in a request."""

    groups: Groups
    members: GroupMembers
    editing: Editing
    deletion: Deletion

    def run(
        self, group: OwnerGroup, *, trashes_images: bool, cursor: str | None, until: datetime
    ) -> MemberResult:
        """End a group, or continue to: repeat with the cursor of the result until it is None. Safe to repeat.

        Images stay without the group, or are deleted as by `Deletion.delete`. If some fail, the group stays with them.

        Raises
        ------
        InvalidCursor
            the cursor belongs to another owner or group
        """
        owner, name = group.owner, group.name

        def leave(image: Image) -> Image:
            groups = tuple(each for each in image.details.groups if each != name)
            return replace(image, details=replace(image.details, groups=groups))

        def act(image_id: str) -> None:
            try:
                if trashes_images:
                    self.deletion.delete(owner, image_id, permanent=False)
                else:
                    self.editing.change(owner, image_id, leave)
            except ImageNotFound:
                return  # it left the group meanwhile

        result = self.members.run(group, act, cursor=cursor, until=until)
        if result.next_cursor is None and self.members.is_empty(group):
            self.groups.remove(owner, name)
        return result
