"""Continues an import by one step; the docstring of the package describes the steps and their failures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import (
    Conflict,
    DeadlineExceeded,
    ImageStoreError,
    PayloadTooLarge,
    SourceUnreadable,
)
from image_store.domain.upkeep.importing import (
    BATCH_ITEMS,
    DRY_RUN_ITEMS,
    LONGEST_REST,
    LONGEST_WAIT,
    MAX_FRUITLESS_PAGES,
    MAX_IMAGES,
    MAX_ITEM_TRIES,
    MAX_WAITS,
    ONGOING,
    REMEMBERED,
    Import,
    ImportRecord,
    ImportStatus,
    ItemPage,
    SourceItem,
)
from image_store.domain.work import ImportStep
from image_store.ports.queues import WorkQueue
from image_store.ports.system import Clock
from image_store.ports.upkeep import Imports, ImportSource, ImportSources, SourceBusy
from image_store.services.images.batches import Batches
from image_store.services.upkeep.importing.importer import Importer, Unfinished, failed

PARALLEL_IMAGES = 4
"""Images of one step at a time: they wait for the source and for storage, and fit into the memory of a function."""
LIST_TIME = timedelta(seconds=30)
"""The time for one page of a list."""
ROOM_FOR_ONE = timedelta(seconds=15)
"""The time for the largest image, from its first byte to its last put: a later one is left to the next step."""

_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """Does the steps of imports."""

    imports: Imports
    sources: ImportSources
    importer: Importer
    batches: Batches
    work: WorkQueue
    clock: Clock

    def carry_on(self, work: ImportStep, *, until: datetime) -> None:
        """Do a step, if the import is at it, and send the next.

        Safe to repeat. Raises retryable errors of the store's own services.
        """
        job = self.imports.get(work.import_id)
        if job is None or job.status not in ONGOING:
            return
        if work.step == job.step - 1:
            self._send(job, _NOTHING)  # the worker of that step may have failed before it sent the next
        if work.step != job.step:
            return
        now = self.clock.now()
        if job.waits_until is not None and not has_passed(job.waits_until, now, longest=LONGEST_WAIT):
            self._send(job, job.waits_until - now)
            return
        after, records, rest = self._continued(job, until)
        if records and not job.options.dry_run:
            self.imports.keep_records(job.id, records, expires_at=self.clock.now() + REMEMBERED)
        next_state = replace(after, step=job.step + 1, updated_at=self.clock.now())
        try:
            self.imports.save(next_state, step=job.step)
        except Conflict:
            return  # another worker did this step and continues, or an admin has cancelled the import
        if next_state.status in ONGOING:
            self._send(next_state, rest)

    def _send(self, job: Import, rest: timedelta) -> None:
        self.work.send(ImportStep(job.id, job.step), delay=min(rest, LONGEST_REST))

    def _continued(self, job: Import, until: datetime) -> tuple[Import, Sequence[ImportRecord], timedelta]:
        """The import after a page or as much of it as the time allows, its records, and a wait before the next step."""
        began = self.clock.now()
        limit = DRY_RUN_ITEMS if job.options.dry_run else BATCH_ITEMS
        try:
            source = self.sources.open(job.options)
            page = source.page(job.cursor, limit=limit, until=min(until, began + LIST_TIME))
        except SourceBusy as busy:
            return (*self._waiting(job, busy, ()), self._wait_of(busy, job.waits))
        except (SourceUnreadable, PayloadTooLarge) as error:
            return self._failed(job, error.code, error.message), (), _NOTHING
        if not page.can_be_stored:
            text = "The source lists an id or a next page that is longer than that of any store."
            return self._failed(job, SourceUnreadable.code, text), (), _NOTHING
        items = _left(page, job.after)
        records, unfinished = self._outcomes(job, source, items, until)
        after = job
        for record in records:
            after = replace(after, tally=after.tally.plus(record))
        if job.options.dry_run:
            unsized = sum(
                item.size_bytes is None and record.state == "stored"
                for item, record in zip(items, records, strict=False)
            )
            after = replace(after, tally=replace(after.tally, unsized=after.tally.unsized + unsized))
        if records:
            after = replace(after, after=items[len(records) - 1].id)
        if after.tally.fruits > job.tally.fruits:
            after = replace(after, fruitless=0)
        if unfinished is not None:
            tries = 0 if records else job.tries
            after = replace(after, tries=tries + 1 if _is_of_image(unfinished) else tries)
            if records and isinstance(unfinished, DeadlineExceeded):
                return self._running(after), records, _NOTHING
            return (*self._waiting(after, unfinished, records), self._wait_of(unfinished, job.waits))
        watch = job.watch.after(page)
        if watch is None:
            text = "The source repeats a page of its list, so the import ends there."
            return self._failed(after, SourceUnreadable.code, text), records, _NOTHING
        fruitless = after.fruitless + (after.tally.fruits == job.tally.fruits)
        after = replace(
            self._running(after), cursor=page.following, after=None, tries=0, watch=watch, fruitless=fruitless
        )
        if page.following is None:
            return self._ended(after, ImportStatus.SUCCEEDED), records, _NOTHING
        if (endless := _is_endless(after)) is not None:
            return self._failed(after, SourceUnreadable.code, endless), records, _NOTHING
        if page.rest is not None:
            waits_until = self.clock.now() + page.rest
            return replace(after, status=ImportStatus.WAITING, waits_until=waits_until), records, page.rest
        return after, records, self._pause(source, calls=1 + len(records), since=began)

    def _outcomes(
        self, job: Import, source: ImportSource, items: Sequence[SourceItem], until: datetime
    ) -> tuple[Sequence[ImportRecord], Unfinished | None]:
        """The records of the images from the first on that have ended, and why the next has not."""

        def do(item: SourceItem) -> ImportRecord | Unfinished:
            if job.options.dry_run:
                return self.importer.forecast(job, source, item)
            return self.importer.store(job, source, item, until=until)

        records: list[ImportRecord] = []
        for item, outcome in zip(items, self.batches.run(items, do, until=until - ROOM_FOR_ONE), strict=True):
            if isinstance(outcome, ImportRecord):
                records.append(outcome)
            elif not records and job.tries + 1 >= MAX_ITEM_TRIES and _is_of_image(outcome):
                text = f"The image could not be read from its source in {MAX_ITEM_TRIES} tries."
                records.append(failed(item, SourceUnreadable(text)))
            else:
                return records, outcome
        return records, None

    def _running(self, job: Import) -> Import:
        return replace(job, status=ImportStatus.RUNNING, waits=0, waits_until=None)

    def _waiting(
        self, job: Import, reason: Unfinished, records: Sequence[ImportRecord]
    ) -> tuple[Import, Sequence[ImportRecord]]:
        waits = 1 if records else job.waits + 1
        if waits > MAX_WAITS:
            text = f"The source, or this store, could not go on in {MAX_WAITS} tries."
            return self._failed(job, SourceUnreadable.code, text), records
        waits_until = self.clock.now() + self._wait_of(reason, job.waits)
        return (
            replace(job, status=ImportStatus.WAITING, waits=waits, waits_until=waits_until),
            records,
        )

    def _wait_of(self, reason: Unfinished, waits: int) -> timedelta:
        """As long as the source says, and otherwise twice as long each time."""
        wait = reason.wait if isinstance(reason, SourceBusy) else reason.retry_after
        return min(wait or timedelta(seconds=2.0 ** min(waits, 10)), LONGEST_WAIT)

    def _pause(self, source: ImportSource, *, calls: int, since: datetime) -> timedelta:
        """The wait after so many calls that keeps the pace of the source, in whole seconds."""
        if source.calls_a_second is None:
            return _NOTHING
        took = (self.clock.now() - since).total_seconds()
        return timedelta(seconds=max(0, math.ceil(calls / source.calls_a_second - took)))

    def _failed(self, job: Import, code: str, detail: str) -> Import:
        return self._ended(job.with_fault(code, detail), ImportStatus.FAILED)

    def _ended(self, job: Import, status: ImportStatus) -> Import:
        return replace(job, status=status, waits_until=None, finished_at=self.clock.now())


def _is_endless(job: Import) -> str | None:
    """Why a list that has a next page is not read on: its source may make up ids without end."""
    if job.fruitless >= MAX_FRUITLESS_PAGES:
        return f"Nothing of {MAX_FRUITLESS_PAGES:,} pages in a row could be stored, so the import ends there."
    if job.tally.seen >= MAX_IMAGES:
        return f"The source lists more than {MAX_IMAGES:,} images: import them prefix by prefix."
    return None


def _left(page: ItemPage, after: str | None) -> Sequence[SourceItem]:
    """The images of a page behind the last one that has ended, each once; all of them if that one has left the list."""
    items = list({item.id: item for item in page.items}.values())
    place = next((number for number, item in enumerate(items, start=1) if item.id == after), 0)
    return items[place:]


def _is_of_image(outcome: Unfinished) -> bool:
    """Whether an image itself may be the reason: its source fails for it, or it takes too long."""
    if isinstance(outcome, SourceBusy):
        return not outcome.limits_rate
    return isinstance(outcome, DeadlineExceeded) or type(outcome) is ImageStoreError
