"""Finds ingested objects whose event was lost.

S3 delivers events at least once, yet a queue can be emptied by mistake or its policy be wrong for a while. The sweep
goes through the versions of the ingest bucket and announces again what became neither an image nor a refusal. It
looks at what is older than an hour, for what is younger may still be on its way, and younger than the bucket's
lifecycle.

Announcing too much is harmless: an object becomes one image however often it is announced. What was announced is
noted for a day, so that an object that fails again and again, or a queue that is long, is not announced by every run.

A pass over the whole bucket may take several runs: each goes on where the last one stopped. Then the sweep rests.
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
    """What a run did: `stopped_because` is None when it came to the end of the bucket."""

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
        """Go on through the bucket, page by page, until its end or `until`. Safe to repeat and to run twice."""
        report = SweepReport()
        try:
            self._run(report, until=until)
        except StorageUnavailable:
            report.stopped_because = "storage_unavailable"  # the next run goes on with the page that failed
        return report

    def _run(self, report: SweepReport, *, until: datetime) -> None:
        kept = self.notes.sweep_position(_SWEEP)
        rests_until = kept.not_before if kept is not None and kept.after is None else None
        if rests_until is not None and not has_passed(rests_until, self.clock.now(), longest=REST):
            report.stopped_because = "resting"
            return
        after = kept.after if kept is not None else None
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
