"""Removes garbage, looks for lost work, and reports how full the store is; runs on a schedule."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.operations.metrics import report_backup_age, report_fill_level, report_unreadable
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.upkeep.cleanup import log_report, report_body

MARGIN = timedelta(seconds=20)
"""How long the slowest single step takes, the deletion of a batch of objects."""


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("cleanup", context)
    app = application()
    until = deadline(context, app.clock, margin=MARGIN)
    report = app.upkeep.cleanup.run(
        until=until,
        most_removals=event.get("max_deletions"),
        reconcile=event.get("reconcile") is True,
        take_over=event.get("take_over") is True,
    )
    log_report(report)
    if report.stopped_because == "restore":
        logger.info("restore", running=app.recovery.requests.resume())
    report_unreadable(app.settings.metrics_namespace, report.unreadable)
    logger.info("feed upgrade", images=app.upkeep.feed_upgrade.run(until=until))
    logger.info("ingest sweep", report=asdict(app.upkeep.ingest_sweep.run(until=until)))
    logger.info("generation sweep", report=asdict(app.generation.sweep.run(until=until)))
    report_backup_age(app.settings.metrics_namespace, app.backup.requests.age())
    report_fill_level(app.settings.metrics_namespace, app.operations.fill_level.read())
    return report_body(report)
