"""One run of cleanup: takes the lease, runs the phases in order, and stores the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import batched

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import Conflict, StorageUnavailable
from image_store.domain.images.image import STAGING_PREFIX
from image_store.domain.upkeep.cleanup import LONGEST_RUN, CleanupReport, Lease, PassPosition
from image_store.ports.objects import ObjectStore
from image_store.ports.system import Clock, Ids
from image_store.ports.upkeep import Housekeeping
from image_store.services.upkeep.cleanup.allowance import Allowance
from image_store.services.upkeep.cleanup.due import DueRows
from image_store.services.upkeep.cleanup.objects import PAGE_OBJECTS, ObjectSweep, PrivateObjects
from image_store.services.upkeep.cleanup.policies import Policies
from image_store.services.upkeep.cleanup.records import RecordSweep

OBJECTS_EVERY = timedelta(days=1)
RECORDS_EVERY = timedelta(days=7)
"""A pass over the records sends a request for every object, so it is more expensive."""
OBJECTS_A_SLICE = 100_000
RECORDS_A_SLICE = 5_000
SLICES_A_RUN = 1_000
"""More than a run has time for: only a clock that stands still can reach it."""
_LEASE_MARGIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The state that the phases of one run share."""

    report: CleanupReport
    lease: Lease | None
    """None in a dry run, which writes nothing."""
    allowance: Allowance
    until: datetime
    on_demand: bool
    reconcile: bool
    removed_ids: set[str] = field(default_factory=set)
    """The images that this run removed, or would have removed; later phases leave them out."""


@dataclass(frozen=True, slots=True)
class _Sweep:
    """A sweep in the order of positions."""

    name: str
    every: timedelta
    examine: Callable[[_Run, str, datetime], str | None]
    """Examine a slice after a position, until a time; returns the next position, None at the end."""


class _OverCapError(Exception):
    """A slice has more to remove than the caps allow, so nothing of it is removed."""


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
        on_demand: bool = False,
        reconcile: bool = False,
        take_over: bool = False,
    ) -> CleanupReport:
        """Collect garbage until `until` or until none is left. Safe to repeat and to run twice at once.

        A dry run changes nothing and counts what a run would remove. `most_removals` replaces the deployment's cap for
        this run, without the limit of 1 %. With `on_demand` no owner and no sweep waits for its next turn. `reconcile`
        compares table and buckets from the start and without a grace, as after a restored backup. `take_over` ends
        another run; use it only if you know that this run has stopped. While images
        are being restored nothing is collected, not even by `reconcile`.

        Raises StorageUnavailable if the lease cannot be taken.
        """
        now = self.clock.now()
        report = CleanupReport(id=self.ids.image_id(), started_at=now, dry_run=dry_run)
        lease = None
        if not dry_run:
            lease_until = min(until + _LEASE_MARGIN, now + LONGEST_RUN)
            lease = self.housekeeping.take_lease(
                holder=report.id, at=now, until=lease_until, take_over=take_over
            )
            if lease is None:
                report.stopped_because = "another_run"
                report.finished_at = now
                return report
        # After the lease, so that either this run sees a restore that begins, or the restore sees this run and waits.
        if lease is not None and self.housekeeping.holder(now) is not None:
            self.housekeeping.end_lease(lease)
            report.stopped_because = "restore"
            report.finished_at = now
            return report
        allowance = Allowance(
            most=self.most_removals if most_removals is None else most_removals,
            is_set_by_person=most_removals is not None,
        )
        run = _Run(
            report=report,
            lease=lease,
            allowance=allowance,
            until=until,
            on_demand=on_demand,
            reconcile=reconcile,
        )
        try:
            self._phases(run)
            report.finished_at = self.clock.now()
            if lease is not None:
                self.housekeeping.keep_report(report, lease)
                self.housekeeping.end_lease(lease)
        except Conflict:
            report.stopped_because = "another_run"  # this run took too long, and another one took the lease
            report.finished_at = self.clock.now()
        except StorageUnavailable:
            report.failed += 1  # the report is lost, and the lease expires
        return report

    def reports(self, *, limit: int) -> Sequence[CleanupReport]:
        """The reports of past runs, the newest first; dry runs leave none."""
        return self.housekeeping.reports(limit=limit)

    def _phases(self, run: _Run) -> None:
        report = run.report
        # A backlog of due rows may take half of the time, so that policies and sweeps have their turns too.
        try:
            is_complete = self.due.collect(report, run.removed_ids, until=self._share(run.until, parts=2))
        except StorageUnavailable:
            report.failed += 1
            return
        for phase in (self._staging, self._policies, self._sweeps):
            if report.stopped_because == "cap" or self.clock.now() >= run.until:
                break
            phase(run)
        if not is_complete and report.stopped_because != "cap":
            self._due_rest(run)
        if report.stopped_because is None and self.clock.now() >= run.until:
            report.stopped_because = "deadline"

    def _share(self, until: datetime, *, parts: int) -> datetime:
        """The end of an equal part of the time that is left."""
        now = self.clock.now()
        return now + max(until - now, timedelta(0)) / parts

    def _due_rest(self, run: _Run) -> None:
        try:
            is_complete = self.due.collect(run.report, run.removed_ids, until=run.until)
        except StorageUnavailable:
            run.report.failed += 1
            return
        if not is_complete:
            run.report.stopped_because = "deadline"

    def _policies(self, run: _Run) -> None:
        try:
            run.report.stopped_because = self.policies.apply(
                run.report,
                run.allowance,
                run.removed_ids,
                on_demand=run.on_demand,
                until=self._share(run.until, parts=2),
            )
        except StorageUnavailable:
            run.report.failed += 1

    def _sweeps(self, run: _Run) -> None:
        """Examine slices of the sweeps whose pass is not complete, each for an equal part of the time."""
        sweeps: list[_Sweep] = [
            *(_Sweep(each.name, OBJECTS_EVERY, partial(self._objects, each)) for each in self.objects),
            _Sweep("records", RECORDS_EVERY, self._records),
        ]
        left: list[tuple[_Sweep, PassPosition]] = []
        for sweep in sweeps:
            try:
                position = self._position(sweep.name, sweep.every, run)
            except StorageUnavailable:
                run.report.failed += 1
                continue
            if position.after is not None:
                left.append((sweep, position))
        for number, (sweep, position) in enumerate(left):
            try:
                until = self._share(run.until, parts=len(left) - number)
                self._sweep(sweep, position, run, until=until)
            except StorageUnavailable:
                run.report.failed += 1
            if run.report.stopped_because == "cap":
                return

    def _sweep(self, sweep: _Sweep, position: PassPosition, run: _Run, *, until: datetime) -> None:
        """Examine slices until the end of the bucket or table, or until `until`, and at least one.

        A run that begins at the first key, or saves no position, examines one slice. If a later slice has more than
        the caps leave, the next run examines it first, and says so if it alone has too much.
        """
        for number in range(1 if run.reconcile or run.lease is None else SLICES_A_RUN):
            try:
                after = sweep.examine(run, position.after or "", until)
            except _OverCapError:
                run.report.stopped_because = run.report.stopped_because if number else "cap"
                return
            position = replace(position, after=after)
            if run.lease is not None:
                self.housekeeping.move(sweep.name, position, run.lease)
            if after is None:
                return
            if self.clock.now() >= until:
                run.report.stopped_because = "deadline"
                return

    def _staging(self, run: _Run) -> None:
        """Delete objects that are too old in staging; no upload waits for them, so no allowance limits them."""
        report = run.report
        try:
            for page in batched(self.private.list(STAGING_PREFIX), PAGE_OBJECTS, strict=False):
                uploads = self.staging.abandoned_uploads(page, report)
                if uploads and not report.dry_run:
                    self.private.delete([upload.key for upload in uploads])
                report.staged += len(uploads)
                report.bytes_freed += sum(upload.size_bytes for upload in uploads)
        except StorageUnavailable:
            report.failed += 1

    def _objects(self, sweep: ObjectSweep, run: _Run, after: str, until: datetime) -> str | None:
        object_slice = (replace(sweep, grace=timedelta(0)) if run.reconcile else sweep).look(
            run.report,
            after=after,
            at_most=OBJECTS_A_SLICE,
            orphans_at_most=run.allowance.most,
            until=until,
        )
        if not run.allowance.take_for_sweep(len(object_slice.orphans), examined=run.report.examined):
            raise _OverCapError
        if run.lease is None:
            sweep.count(object_slice.orphans, run.report)
        else:
            sweep.remove(object_slice.orphans, run.report)
        return object_slice.after

    def _records(self, run: _Run, after: str, until: datetime) -> str | None:
        record_slice = (replace(self.records, grace=timedelta(0)) if run.reconcile else self.records).look(
            run.report,
            run.removed_ids,
            after=after,
            at_most=RECORDS_A_SLICE,
            dangling_at_most=run.allowance.most,
            until=until,
        )
        self.due.take(
            [name for name in record_slice.ahead if name not in run.removed_ids], run.report, run.removed_ids
        )
        if run.lease is not None:
            self.records.repair(record_slice.damaged, run.report)
        if not run.allowance.take_for_sweep(len(record_slice.dangling), examined=run.report.examined):
            raise _OverCapError
        if run.lease is None:
            run.report.dangling += len(record_slice.dangling)
        else:
            self.records.remove(record_slice.dangling, run.report)
        return record_slice.after

    def _position(self, sweep: str, every: timedelta, run: _Run) -> PassPosition:
        """Where a sweep continues; a new pass begins if the last one is complete and the next one is due."""
        now = self.clock.now()
        position = self.housekeeping.position(sweep)
        if run.reconcile or position is None:
            return PassPosition(now, "")
        if position.after is None and (
            run.on_demand or has_passed(position.started_at + every, now, longest=every)
        ):
            return PassPosition(now, "")
        return position
