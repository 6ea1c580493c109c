"""Shows an owner's groups and tags with their counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from image_store.domain.errors import GroupNotFound
from image_store.domain.finding.groups import GroupQuery, GroupSummary, TagQuery, TagSummary
from image_store.ports.finding import Places
from image_store.ports.system import Clock
from image_store.services.finding.cursors import Cursors


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLists:
    """Answers pages of groups and tags."""

    places: Places
    cursors: Cursors
    clock: Clock

    def groups(self, query: GroupQuery, *, cursor: str | None) -> tuple[Sequence[GroupSummary], str | None]:
        """Groups in the order of their names, and the cursor of the next page; InvalidCursor."""
        now = self.clock.now()
        after = self.cursors.read_place(cursor, query, at=now) if cursor is not None else None
        page = self.places.groups(query, after=after)
        return page.groups, self._cursor(page.resume_after, query)

    def tags(self, query: TagQuery, *, cursor: str | None) -> tuple[Sequence[TagSummary], str | None]:
        """Tags of READY images in order, and the cursor of the next page; InvalidCursor."""
        now = self.clock.now()
        after = self.cursors.read_place(cursor, query, at=now) if cursor is not None else None
        page = self.places.tags(query, after=after)
        return page.tags, self._cursor(page.resume_after, query)

    def group(self, owner: str, name: str) -> GroupSummary:
        """One group; GroupNotFound if it has neither a record nor READY images."""
        group = self.places.group(owner, name)
        if group is None:
            raise GroupNotFound
        return group

    def _cursor(self, resume_after: str | None, query: GroupQuery | TagQuery) -> str | None:
        return None if resume_after is None else self.cursors.make(resume_after, query, at=self.clock.now())
