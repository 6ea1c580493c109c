"""Policies: images that are old AND outside the newest of their owner, kind and category go into the trash."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.errors import Conflict, ImageNotFound, StorageUnavailable, UnreadableRow
from image_store.domain.finding.lists import ListQuery
from image_store.domain.images.image import ImageRecord, State
from image_store.domain.upkeep.cleanup import POLICIES_EVERY, CleanupReport, Policy
from image_store.ports.finding import ListRows
from image_store.ports.images import ImageRepository
from image_store.ports.system import Clock
from image_store.ports.upkeep import CleanupRows
from image_store.services.images.deletion import Deletion
from image_store.services.upkeep.cleanup.allowance import Allowance

EVERY = POLICIES_EVERY

_PAGE = 100
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Applies a deployment's policies, owner by owner."""

    policies: Sequence[Policy]
    repository: ImageRepository
    rows: CleanupRows
    lists: ListRows
    deletion: Deletion
    clock: Clock

    def apply(
        self,
        report: CleanupReport,
        allowance: Allowance,
        taken: set[str],
        *,
        on_demand: bool,
        until: datetime,
    ) -> str | None:
        """Apply them to every owner whose turn has come, on demand to all; answers why it stopped before that.

        Images in `taken` are gone already, and those that go now are added to it: so a dry run counts none twice.
        """
        if not self.policies:
            return None
        report.policies = [0] * len(self.policies)
        # All turns come within a day, and those that this run ends not before a day is over.
        turns_until = self.clock.now() + (EVERY - _MOMENT if on_demand else timedelta(0))
        for owner in self.rows.owners_due(turns_until):
            if self.clock.now() >= until:
                return "deadline"
            if (stopped := self._apply_to(owner, report, allowance, taken, until=until)) is not None:
                return stopped  # the owner's turn is not over
            if not report.dry_run:
                self.rows.owner_done(owner, next_at=self.clock.now() + EVERY)
        return None

    def _apply_to(
        self, owner: str, report: CleanupReport, allowance: Allowance, taken: set[str], *, until: datetime
    ) -> str | None:
        for number, policy in enumerate(self.policies):
            for record in self._superfluous(owner, policy, report, taken):
                if self.clock.now() >= until:
                    return "deadline"
                if not allowance.take(1):
                    return "cap"
                if report.dry_run or self._delete(record, report):
                    taken.add(record.id)
                    report.policies[number] += 1
                    if (
                        not self.deletion.trash_retention
                    ):  # otherwise it is freed once its time in the trash is over
                        report.bytes_freed += record.stored_bytes
        return None

    def _superfluous(
        self, owner: str, policy: Policy, report: CleanupReport, taken: Collection[str]
    ) -> Iterator[ImageRecord]:
        """An owner's images that a policy lets go, the oldest first, each after a strong read."""
        boundary = self._boundary(owner, policy, report, taken)
        if boundary is None:
            return
        until = self.clock.now() - policy.older_than
        query = replace(self._query(owner, policy), descending=False, until=until)
        for record in self._images(query, report, taken):
            if record.id >= boundary:
                return
            yield record

    def _boundary(
        self, owner: str, policy: Policy, report: CleanupReport, taken: Collection[str]
    ) -> str | None:
        """The id of the oldest image that has to stay; None when there are not more than that.

        Each of those that stay is confirmed by a strong read: an index that is behind must not count images
        among the newest that are no longer there.
        """
        if policy.keep_newest == 0:
            return "~"  # sorts after every id
        for number, record in enumerate(self._images(self._query(owner, policy), report, taken), start=1):
            if number == policy.keep_newest:
                return record.id
        return None

    @staticmethod
    def _query(owner: str, policy: Policy) -> ListQuery:
        return ListQuery(owner, _PAGE, kind=policy.kind, category=policy.category, from_records=True)

    def _images(
        self, query: ListQuery, report: CleanupReport, taken: Collection[str]
    ) -> Iterator[ImageRecord]:
        after: str | None = None
        while True:
            page = self.lists.cards(query, after=after)
            images = self.repository.get_records([card.id for card in page.cards])
            report.leave(*images.unreadable)
            report.examined += len(page.cards)
            for card in page.cards:
                record = images.get(card.id)
                if record is not None and record.id not in taken and _matches(record, query):
                    yield record
            after = page.resume_after
            if after is None:
                return

    def _delete(self, record: ImageRecord, report: CleanupReport) -> bool:
        try:
            self.deletion.delete(record.owner, record.id, permanent=False)
        except (Conflict, ImageNotFound):
            return False
        except UnreadableRow:
            report.leave(record.id)
            return False
        except StorageUnavailable:
            report.failed += 1
            return False
        return True


def _matches(record: ImageRecord, query: ListQuery) -> bool:
    return (
        record.state is State.READY
        and record.kind is query.kind
        and query.category in {None, record.category}
    )
