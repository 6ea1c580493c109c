"""Reports of cleanup for clients and logs."""

import json
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response

from image_store.domain.times import rfc3339
from image_store.domain.upkeep.cleanup import CleanupReport
from image_store.entrypoints.http.request import JSON
from image_store.entrypoints.operations.observability import logger

_HEADERS: dict[str, str | list[str]] = {"Cache-Control": "no-store"}


def report_body(report: CleanupReport) -> dict[str, Any]:
    """A report as JSON."""
    return {
        **report.as_dict(),
        "started_at": rfc3339(report.started_at),
        "finished_at": rfc3339(report.finished_at) if report.finished_at else None,
    }


def log_report(report: CleanupReport) -> None:
    """Log a report; at the level of errors if an alarm has to notice it."""
    is_alarming = report.stopped_because == "cap" or report.failed or report.dangling or report.unreadable
    (logger.error if is_alarming else logger.info)("cleanup", report=report_body(report))


def report_answer(report: CleanupReport) -> "Response[str]":
    """200 with a report."""
    return Response(200, JSON, json.dumps(report_body(report)), headers=_HEADERS)


def reports_answer(reports: Sequence[CleanupReport]) -> "Response[str]":
    """200 with past reports."""
    return Response(
        200, JSON, json.dumps({"items": [report_body(each) for each in reports]}), headers=_HEADERS
    )
