"""Finds ingested objects whose event was lost.

S3 delivers events at least once, but a queue can be emptied by mistake, or its policy can be wrong for a while. The
sweep goes through the versions of the ingest bucket and announces again every object that became neither an image nor a
refusal. It leaves out objects of the last hour, whose events may still arrive, and objects past the lifecycle of the
bucket.

A needless announcement is harmless, because an object becomes one image however often it is announced. Announcements
are noted for a day, so that not every run announces an object that fails repeatedly or waits in a long queue.

A pass over the whole bucket may take several runs; each continues where the last one stopped. Then the sweep rests.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from image_store.domain.deadlines import has_passed
from image_store.domain.errors import StorageUnavailable
from image_store.domain.images.ingest import (
    ANNOUNCEMENT_LIFETIME,
    INGEST_PREFIX,
    OBJECT_LIFETIME,
    ObjectVersion,
    SweepPosition,
)
from image_store.ports.images import IngestEvents, IngestNotes, VersionedBucket
from image_store.ports.system import Clock

EVENTS_TAKE = timedelta(hours=1)
REST = timedelta(hours=1)
_SWEEP = "ingest"


@dataclass(slots=True)
class SweepReport:
    """The result of a run; `stopped_because` is None if it reached the end of the bucket."""

    examined: int = 0
    announced: int = 0
    stopped_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSweep:
    """Announces objects whose event was lost."""

    bucket: VersionedBucket
    notes: IngestNotes
    events: IngestEvents
    clock: Clock

    def run(self, *, until: datetime) -> SweepReport:
        """Continue through the bucket, page by page, to its end or until `until`. Safe to repeat, even at once."""
        report = SweepReport()
        try:
            self._run(report, until=until)
        except StorageUnavailable:
            report.stopped_because = "storage_unavailable"  # the next run continues with the page that failed
        return report

    def _run(self, report: SweepReport, *, until: datetime) -> None:
        position = self.notes.sweep_position(_SWEEP)
        rests_until = position.not_before if position is not None and position.after is None else None
        if rests_until is not None and not has_passed(rests_until, self.clock.now(), longest=REST):
            report.stopped_because = "resting"
            return
        after = position.after if position is not None else None
        while self.clock.now() < until:
            page = self.bucket.versions(INGEST_PREFIX, after=after)
            report.examined += len(page.versions)
            self._announce_lost(page.versions, report)
            after = page.resume_after
            self.notes.keep_sweep_position(_SWEEP, SweepPosition(after, self.clock.now() + REST))
            if after is None:
                return
        report.stopped_because = "deadline"

    def _announce_lost(self, versions: tuple[ObjectVersion, ...], report: SweepReport) -> None:
        now = self.clock.now()
        due = [
            version.dropped
            for version in versions
            if now - OBJECT_LIFETIME < version.modified_at <= now - EVENTS_TAKE
        ]
        settled = self.notes.find_settled([dropped.name for dropped in due], at=now)
        for dropped in due:
            if dropped.name not in settled:
                self.events.announce(dropped)
                self.notes.note(dropped.name, what="announced", expires_at=now + ANNOUNCEMENT_LIFETIME)
                report.announced += 1
