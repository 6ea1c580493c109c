"""Reports of cleanup as clients and logs see them."""

from dataclasses import asdict
from typing import Any

from image_store.domain.cleanup import Report
from image_store.entrypoints.answers import rfc3339


def report_body(report: Report) -> dict[str, Any]:
    """A report as JSON."""
    return {
        **asdict(report),
        "started_at": rfc3339(report.started_at),
        "finished_at": rfc3339(report.finished_at) if report.finished_at else None,
    }
