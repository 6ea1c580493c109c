"""Backs up what has changed, and from time to time everything.

1. Take the lease, and read the state. One run works at a time.
2. Read which images and rows have changed, and read these rows, strongly consistent.
3. Copy the originals that the backup lacks, and compare each with the checksum in its record.
4. Put the lines into files, under names that no other run uses.
5. Put a manifest, which names the files of the manifest before it and the new ones. The backup counts from here.
6. Store the state, if the lease is still held; then forget the changes, except those that were noted again.

What each failure leaves:

- before 5: objects that are copies of originals, and files that no manifest names. The manifest before it stays valid,
  and the changes are still noted, so the next run repeats them. It finds the copies. Retention removes the files.
- after 5: a valid manifest. The next run backs up the same changes again, and their lines replace equal ones.

A full pass does 3 and 4 for every row, page by page, and stores its position after each file. Its manifest names the
new base, and the changes since the pass began. It is due at first, every week, and when the changes outgrow the base.
It finds changes that were never noted, checks that each copy is there, and lets a restore read less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched

from image_store.domain.backup.jobs import SETTLING, BackupJob, BackupState, FullPass
from image_store.domain.backup.lines import MAX_FILE_LINES, BackupLine, pack
from image_store.domain.backup.manifest import BackupFile, Manifest, Origin
from image_store.domain.backup.retention import is_full_pass_due
from image_store.domain.deadlines import CLOCK_SKEW
from image_store.domain.errors import BackupDamaged, BackupNotFound, DeadlineExceeded
from image_store.domain.ids import created_at, first_id_at, later_id
from image_store.domain.upkeep.cleanup import Lease
from image_store.ports.backup import BackupRows, BackupStates, ChangeOutbox, NotedChange
from image_store.ports.system import Clock, Ids
from image_store.services.backup.library import BackupLibrary
from image_store.services.backup.originals import OriginalCopies
from image_store.services.backup.retention import BackupRetention

PAGE_ENTITIES = 100
FILES_IN_STATE = 100
FEWEST_IMAGES_TO_COMPARE = 20


@dataclass(slots=True, kw_only=True)
class _Run:
    """What the steps of one run share."""

    job: BackupJob
    lease: Lease
    before: BackupState
    """As the run before left it."""
    state: BackupState
    started_at: datetime
    until: datetime
    manifest: Manifest | None
    earlier: Manifest | None
    """The newest in the bucket, if the state names none that is whole: its table was lost, or is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRun:
    """Does the work of runs, in slices that fit into one invocation."""

    library: BackupLibrary
    outbox: ChangeOutbox
    rows: BackupRows
    states: BackupStates
    copies: OriginalCopies
    retention: BackupRetention
    origin: Origin
    clock: Clock
    ids: Ids

    def carry_on(self, job: BackupJob, lease: Lease, *, until: datetime) -> BackupJob:
        """Back up until nothing is left, or until `until`; a job that has not ended has to be continued.

        Raises StorageUnavailable, and Conflict if another run took the lease. Safe to repeat.
        """
        now = self.clock.now()
        state = replace(self.states.state(at=now), job=job.id)
        self.states.save_state(state, lease)
        manifest = self._last_manifest(state)
        run = _Run(
            job=job,
            lease=lease,
            before=state,
            state=state,
            started_at=now,
            until=until,
            manifest=manifest,
            earlier=self._earlier_manifest() if manifest is None else None,
        )
        try:
            self._work(run)
        except DeadlineExceeded:
            has_moved = run.state != state or run.job != job
            return run.job if has_moved else run.job.ended(self.clock.now(), reason="deadline")
        return run.job if run.job.has_ended else run.job.ended(self.clock.now())

    def _work(self, run: _Run) -> None:
        if run.manifest is not None:
            self._changes(run)
        if run.state.full_pass is None and self._is_full_pass_due(run):
            self._save(run, full_pass=FullPass(id=self._later_id(run)))
        if run.state.full_pass is not None:
            self._full_pass(run)
            if run.job.has_ended:
                return
            self._changes(run)
            # The next sweep for deleted originals begins with each full pass.
            self._save(run, sweep_after="")
        removed, sweep_after = self.retention.apply(
            self._require_manifest(run), sweep_after=run.state.sweep_after, until=run.until
        )
        run.job = replace(run.job, tally=run.job.tally.plus(removed=removed))
        self._save(run, sweep_after=sweep_after)

    def _is_full_pass_due(self, run: _Run) -> bool:
        full_at = run.state.full_at
        is_demanded = run.job.full and (
            full_at is None or full_at < run.job.created_at or full_at > run.started_at + CLOCK_SKEW
        )
        return is_demanded or is_full_pass_due(run.manifest, run.before, run.started_at)

    def _last_manifest(self, state: BackupState) -> Manifest | None:
        """The manifest to continue from; None if there is none that is whole, so that a full pass begins."""
        if state.manifest is None:
            return None
        try:
            return self.library.manifest(state.manifest)
        except (BackupDamaged, BackupNotFound):
            return None

    def _earlier_manifest(self) -> Manifest | None:
        try:
            return self.library.latest()
        except BackupNotFound:
            return None

    # What has changed ---------------------------------------------------------------------------------

    def _changes(self, run: _Run) -> None:
        batches = batched(self.outbox.changes(before=run.started_at), MAX_FILE_LINES, strict=False)
        batch = next(batches, None)
        while batch is not None:
            following = next(batches, None)
            self._batch(run, batch, is_last=following is None)
            batch = following
        self._save(run, as_of=run.started_at - SETTLING)

    def _batch(self, run: _Run, batch: Sequence[NotedChange], *, is_last: bool) -> None:
        manifest = self._require_manifest(run)
        lines: list[BackupLine] = []
        finished: list[NotedChange] = []
        is_late = False
        try:
            for page in batched(batch, PAGE_ENTITIES, strict=False):
                lines += self._lines(run, [change.entity for change in page], with_deletions=True)
                finished += page
        except DeadlineExceeded:
            if not finished:
                raise
            is_late = True
        manifest_id = self._later_id(run)
        files = [
            self.library.put_changes(manifest_id, number, packed) for number, packed in enumerate(pack(lines))
        ]
        is_complete = is_last and not is_late
        self._publish(
            run,
            replace(
                manifest,
                id=manifest_id,
                origin=self.origin,
                started_at=run.started_at,
                as_of=run.started_at - SETTLING if is_complete else manifest.as_of,
                change_files=(*manifest.change_files, *files),
            ),
        )
        self.outbox.settle(finished)
        if is_late:
            raise _is_over()

    def _lines(self, run: _Run, entities: Sequence[str], *, with_deletions: bool) -> list[BackupLine]:
        at = self.clock.now()
        sources = self.rows.read(entities)
        records = [source.record for source in sources.values() if source.record is not None]
        copies = self.copies.copy(records, until=run.until)
        lines: list[BackupLine] = []
        tally = run.job.tally
        for entity in entities:
            source = sources.get(entity)
            if source is None:
                if with_deletions:
                    lines.append(BackupLine(entity=entity, at=at))
                    tally = tally.plus(deletions=1)
                continue
            copy = copies.get(source.record.id) if source.record is not None else None
            line = BackupLine(entity=entity, at=at, rows=source.rows, object=copy.object if copy else None)
            lines.append(line)
            tally = tally.plus(images=1) if line.image_id is not None else tally.plus(rows=1)
            if copy is not None and copy.is_new and copy.object is not None:
                tally = tally.plus(objects=1, bytes=copy.object.size_bytes)
            if copy is not None and copy.error is not None:
                tally = tally.plus_errors(copy.error)
        run.job = replace(run.job, tally=tally)
        return lines

    def _publish(self, run: _Run, manifest: Manifest, **state: object) -> None:
        self.library.put_manifest(manifest)
        run.manifest = manifest
        run.job = replace(run.job, manifest=manifest.id)
        self._save(run, manifest=manifest.id, **state)

    # Everything ---------------------------------------------------------------------------------------

    def _full_pass(self, run: _Run) -> None:
        """Continue the full pass to its end; DeadlineExceeded if there is no time for that."""
        is_complete = False
        while not is_complete:
            full_pass = run.state.full_pass
            if full_pass is None:
                return
            after, lines, is_complete = self._pages(run, full_pass.after)
            files = [
                self.library.put_base(full_pass.id, self.ids.image_id(), number, packed)
                for number, packed in enumerate(pack(lines))
            ]
            full_pass = replace(
                full_pass,
                after=after,
                files=(*full_pass.files, *files),
                images=full_pass.images + sum(line.image_id is not None for line in lines),
                bytes=full_pass.bytes
                + sum(line.object.size_bytes for line in lines if line.object is not None),
            )
            if len(full_pass.files) > FILES_IN_STATE:
                index = self.library.put_index(full_pass.id, self.ids.image_id(), full_pass.files)
                full_pass = replace(full_pass, files=(), indexes=(*full_pass.indexes, index))
            if is_complete:
                self._complete(run, full_pass)
            else:
                self._save(run, full_pass=full_pass)

    def _pages(self, run: _Run, after: str | None) -> tuple[str | None, list[BackupLine], bool]:
        """The lines of about one file, where the pass continues, and whether it is complete."""
        lines: list[BackupLine] = []
        while len(lines) < MAX_FILE_LINES:
            tally = run.job.tally
            try:
                of_page, after = self._page(run, after)
            except DeadlineExceeded:
                if not lines:
                    raise
                # The next run reads this page again, and finds the originals that were copied.
                run.job = replace(run.job, tally=tally)
                break
            lines += of_page
            if after is None:
                return None, lines, True
        return after, lines, False

    def _page(self, run: _Run, after: str | None) -> tuple[list[BackupLine], str | None]:
        """The lines of one page of the scan, and where the pass continues; DeadlineExceeded."""
        if self.clock.now() >= run.until:
            raise _is_over()
        entities, next_after = self.rows.scan(after=after, at=run.started_at)
        lines: list[BackupLine] = []
        for page in batched(entities, PAGE_ENTITIES, strict=False):
            lines += self._lines(run, page, with_deletions=False)
        return lines, next_after

    def _complete(self, run: _Run, full_pass: FullPass) -> None:
        base_files: tuple[BackupFile, ...] = ()
        for index in full_pass.indexes:
            base_files += self.library.index(index)
        before = run.manifest
        known = before or run.earlier
        run.job = replace(
            run.job,
            base_images=full_pass.images,
            base_images_before=known.base_images if known is not None else None,
        )
        if _has_shrunk(full_pass, before, run.earlier) and not _is_accepted(run.job):
            run.job = run.job.ended(self.clock.now(), reason="shrunk")
            self._save(run, full_pass=None)
            return
        # Clocks can differ: a line from shortly before the pass does no harm, and a missing one would.
        earliest = first_id_at(created_at(full_pass.id) - 2 * CLOCK_SKEW)
        self._publish(
            run,
            Manifest(
                id=self._later_id(run),
                origin=self.origin,
                started_at=run.started_at,
                as_of=run.state.as_of or created_at(full_pass.id),
                base=full_pass.id,
                base_files=base_files + full_pass.files,
                change_files=tuple(
                    file
                    for file in (before.change_files if before is not None else ())
                    if self.library.run_of(file) >= earliest
                ),
                base_images=full_pass.images,
                base_bytes=full_pass.bytes,
            ),
            full_pass=None,
            full_at=self.clock.now(),
        )

    def _later_id(self, run: _Run) -> str:
        """An id that sorts after all before it: readers take the last manifest, and a base the changes after it."""
        earlier = [part.id for part in (run.manifest, run.earlier, run.state.full_pass) if part is not None]
        return later_id(self.ids.image_id(), than=max(earlier, default=""))

    def _save(self, run: _Run, **values: object) -> None:
        run.state = replace(run.state, **values)  # type: ignore[arg-type]  # fields of BackupState
        self.states.save_state(run.state, run.lease)

    def _require_manifest(self, run: _Run) -> Manifest:
        if run.manifest is None:
            raise BackupNotFound("There is no complete backup yet.")
        return run.manifest


def _is_over() -> DeadlineExceeded:
    return DeadlineExceeded("The time of this run of the backup is over.")


def _is_accepted(job: BackupJob) -> bool:
    """Whether somebody has seen how many images are gone, and no more are."""
    gone = (job.base_images_before or 0) - (job.base_images or 0)
    return job.accept_loss is not None and gone <= job.accept_loss


def _has_shrunk(full_pass: FullPass, before: Manifest | None, earlier: Manifest | None) -> bool:
    """Whether more than half of the images are gone, as after the loss of a table; a person has to confirm that.

    A small store may well lose half of its images, unless the table does not remember the backup in the bucket.
    """
    if before is not None and before.base_images < FEWEST_IMAGES_TO_COMPARE:
        return False
    known = before or earlier
    return known is not None and 2 * full_pass.images < known.base_images
