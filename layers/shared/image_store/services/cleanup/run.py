"""One run of cleanup: the lease, the phases in their order, the report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.cleanup import Lease, Position, Report
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.ports import Clock, Housekeeping, Ids, ObjectStore
from image_store.services.cleanup.allowance import Allowance
from image_store.services.cleanup.due import DueRows
from image_store.services.cleanup.objects import (
    STAGING_LIFETIME,
    ObjectSweep,
    PrivateObjects,
    staged_in_vain,
)
from image_store.services.cleanup.policies import Policies
from image_store.services.cleanup.records import RecordSweep

OBJECTS_EVERY = timedelta(days=1)
RECORDS_EVERY = timedelta(days=7)
"""A pass over the records asks for every object, so it is the dearer one."""
OBJECTS_A_RUN = 100_000
RECORDS_A_RUN = 5_000
_LEASE_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """Collects garbage, in slices that fit into one invocation."""

    due: DueRows
    policies: Policies
    staging: PrivateObjects
    private: ObjectStore
    objects: Sequence[ObjectSweep]
    records: RecordSweep
    housekeeping: Housekeeping
    clock: Clock
    ids: Ids
    most_removals: int

    def run(
        self,
        *,
        until: datetime,
        dry_run: bool = False,
        most_removals: int | None = None,
        reconcile: bool = False,
    ) -> Report:
        """Collect what there is to collect until `until`, and report it. Safe to repeat and to run twice.

        A dry run changes nothing. `most_removals` replaces the deployment's cap for this run. To `reconcile` is to
        compare table and buckets anew at once and without a grace, as after a restored backup.

        Raises StorageUnavailable when not even the lease could be taken.
        """
        now = self.clock.now()
        report = Report(id=self.ids.image_id(), started_at=now, dry_run=dry_run)
        if dry_run:
            self._phases(report, None, until=until, most_removals=most_removals, reconcile=reconcile)
            report.finished_at = self.clock.now()
            return report
        lease = self.housekeeping.take_lease(holder=report.id, at=now, until=until + _LEASE_MARGIN)
        if lease is None:
            report.stopped_because = "another_run"
            report.finished_at = now
            return report
        try:
            self._phases(report, lease, until=until, most_removals=most_removals, reconcile=reconcile)
            report.finished_at = self.clock.now()
            self.housekeeping.keep_report(report, lease)
            self.housekeeping.end_lease(lease)
        except Conflict:
            report.stopped_because = "another_run"  # this run took too long, and another took its place
        except StorageUnavailable:
            report.failed += 1  # the lease ends by itself
        return report

    def _phases(
        self,
        report: Report,
        lease: Lease | None,
        *,
        until: datetime,
        most_removals: int | None,
        reconcile: bool,
    ) -> None:
        allowance = Allowance(most=self.most_removals if most_removals is None else most_removals)
        try:
            done = self.due.collect(report, until=until)
        except StorageUnavailable:
            report.failed += 1
            return
        if not done:
            report.stopped_because = "deadline"
            return
        self._staging(report)
        try:
            report.stopped_because = self.policies.apply(report, allowance, until=until)
        except StorageUnavailable:
            report.failed += 1
        for sweep in self.objects:
            self._objects(sweep, report, lease, allowance, until=until, reconcile=reconcile)
        self._records(report, lease, allowance, until=until, reconcile=reconcile)

    def _staging(self, report: Report) -> None:
        try:
            older_than = self.clock.now() - STAGING_LIFETIME
            for found in staged_in_vain(self.private, self.staging, report, older_than=older_than):
                if not report.dry_run:
                    self.private.delete([each.key for each in found])
                report.staged += len(found)
                report.bytes_freed += sum(each.size_bytes for each in found)
        except StorageUnavailable:
            report.failed += 1

    def _objects(
        self,
        sweep: ObjectSweep,
        report: Report,
        lease: Lease | None,
        allowance: Allowance,
        *,
        until: datetime,
        reconcile: bool,
    ) -> None:
        position = self._position(sweep.name, OBJECTS_EVERY, reconcile=reconcile)
        if position is None or position.after is None or report.stopped_because is not None:
            return
        sweep = replace(sweep, grace=timedelta(0)) if reconcile else sweep
        try:
            found = sweep.look(
                report,
                after=position.after,
                at_most=OBJECTS_A_RUN,
                orphans_at_most=allowance.most,
                until=until,
            )
            if not allowance.take(len(found.orphans), examined=report.examined):
                report.stopped_because = "cap"
                return
            if lease is None:
                report.orphans += len(found.orphans)
                report.bytes_freed += sum(each.size_bytes for each in found.orphans)
                return
            sweep.remove(found.orphans, report)
        except StorageUnavailable:
            report.failed += 1
            return
        self.housekeeping.move(sweep.name, replace(position, after=found.after), lease)
        if found.after is not None and self.clock.now() >= until:
            report.stopped_because = "deadline"

    def _records(
        self,
        report: Report,
        lease: Lease | None,
        allowance: Allowance,
        *,
        until: datetime,
        reconcile: bool,
    ) -> None:
        position = self._position("records", RECORDS_EVERY, reconcile=reconcile)
        if position is None or position.after is None or report.stopped_because is not None:
            return
        sweep = replace(self.records, grace=timedelta(0)) if reconcile else self.records
        try:
            found = sweep.look(
                report,
                after=position.after,
                at_most=RECORDS_A_RUN,
                dangling_at_most=allowance.most,
                until=until,
            )
            if not allowance.take(len(found.dangling), examined=report.examined):
                report.stopped_because = "cap"
                return
            if lease is None:
                report.dangling += len(found.dangling)
                return
            sweep.remove(found.dangling, report)
        except StorageUnavailable:
            report.failed += 1
            return
        self.housekeeping.move("records", replace(position, after=found.after), lease)

    def _position(self, sweep: str, every: timedelta, *, reconcile: bool) -> Position | None:
        """Where a sweep goes on; a new pass begins when the last one is over and its time has come."""
        now = self.clock.now()
        position = self.housekeeping.position(sweep)
        if reconcile or position is None:
            return Position(now, "")
        if position.after is None and now >= position.started_at + every:
            return Position(now, "")
        return position
