"""The event of a finished run of cleanup."""

from datetime import datetime

from image_store.domain.events.event import Event, EventType, new_event
from image_store.domain.upkeep.cleanup import CleanupReport

_COUNTS = ("abandoned", "expired", "trash", "deleted", "tombstones", "orphans", "dangling", "failed")


def cleanup_events(report: CleanupReport, *, at: datetime) -> list[Event]:
    """The event of a run that has written its report; only admins hear about it."""
    data = {
        "report_id": report.id,
        "dry_run": report.dry_run,
        **{name: getattr(report, name) for name in _COUNTS},
        "policies": sum(report.policies),
        "bytes_freed": report.bytes_freed,
        "stopped_because": report.stopped_because,
    }
    return [
        new_event(EventType.CLEANUP_FINISHED, change=("cleanup", report.id), at=at, owner=None, data=data)
    ]
