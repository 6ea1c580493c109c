"""Policies: images that are old AND not among the newest of their owner, kind and category go into the trash.

An image that kept its date from elsewhere is old when it has been here for as long.
"""

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
        removed_ids: set[str],
        *,
        on_demand: bool,
        until: datetime,
    ) -> str | None:
        """Apply the policies to every owner who is due, or on demand to all; returns why it stopped early.

        Images in `removed_ids` count as removed. The images that are removed now are added, so a dry run counts each
        once.
        """
        if not self.policies:
            return None
        report.policies = [0] * len(self.policies)
        # All turns are within a day; the turns that this run ends are a full day away.
        turns_until = self.clock.now() + (EVERY - _MOMENT if on_demand else timedelta(0))
        for owner in self.rows.owners_due(turns_until):
            if self.clock.now() >= until:
                return "deadline"
            if (reason := self._apply_to(owner, report, allowance, removed_ids, until=until)) is not None:
                return reason  # the owner's turn is not over
            if not report.dry_run:
                self.rows.owner_done(owner, next_at=self.clock.now() + EVERY)
        return None

    def _apply_to(
        self,
        owner: str,
        report: CleanupReport,
        allowance: Allowance,
        removed_ids: set[str],
        *,
        until: datetime,
    ) -> str | None:
        for number, policy in enumerate(self.policies):
            for record in self._superfluous(owner, policy, report, removed_ids):
                if self.clock.now() >= until:
                    return "deadline"
                if not allowance.take(1):
                    return "cap"
                if report.dry_run or self._delete(record, report):
                    removed_ids.add(record.id)
                    report.policies[number] += 1
                    if (
                        not self.deletion.trash_retention
                    ):  # otherwise the bytes are freed after the time in the trash
                        report.bytes_freed += record.stored_bytes
        return None

    def _superfluous(
        self, owner: str, policy: Policy, report: CleanupReport, removed_ids: Collection[str]
    ) -> Iterator[ImageRecord]:
        """An owner's images that a policy removes, the oldest first, each after a strongly consistent read."""
        boundary = self._boundary(owner, policy, report, removed_ids)
        if boundary is None:
            return
        until = self.clock.now() - policy.older_than
        query = replace(self._query(owner, policy), descending=False, until=until)
        for record in self._images(query, report, removed_ids):
            if record.id >= boundary:
                return
            if record.stored_at < until:  # an image that keeps an old date is not old here at once
                yield record

    def _boundary(
        self, owner: str, policy: Policy, report: CleanupReport, removed_ids: Collection[str]
    ) -> str | None:
        """The id of the oldest image that has to stay; None if there are fewer images than must stay.

        Each image that stays is confirmed by a strongly consistent read, because an index that is out of date must not
        count deleted images among the newest.
        """
        if policy.keep_newest == 0:
            return "~"  # sorts after every id
        for number, record in enumerate(
            self._images(self._query(owner, policy), report, removed_ids), start=1
        ):
            if number == policy.keep_newest:
                return record.id
        return None

    @staticmethod
    def _query(owner: str, policy: Policy) -> ListQuery:
        return ListQuery(owner, _PAGE, kind=policy.kind, category=policy.category, from_records=True)

    def _images(
        self, query: ListQuery, report: CleanupReport, removed_ids: Collection[str]
    ) -> Iterator[ImageRecord]:
        after: str | None = None
        while True:
            page = self.lists.cards(query, after=after)
            images = self.repository.get_records([card.id for card in page.cards])
            report.leave(*images.unreadable)
            report.examined += len(page.cards)
            for card in page.cards:
                record = images.get(card.id)
                if record is not None and record.id not in removed_ids and _matches(record, query):
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
