"""Copies originals and records to the backup store, on a schedule and on demand, and verifies backups."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.domain.work import BackupStep, Work
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.upkeep.backups import log_job
from image_store.entrypoints.work import handle_work

MARGIN = timedelta(minutes=3)
"""How long the slowest single step takes: a page of large originals, and the manifest after it."""


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("backup", context)
    app = application()
    until = deadline(context, app.clock, margin=MARGIN)
    namespace = app.settings.metrics_namespace

    def carry_on(work: Work) -> None:
        if isinstance(work, BackupStep):
            log_job(app.backup.work.on_demand(work, until=until), namespace=namespace)

    if "Records" in event:
        return handle_work(event, carry_on=carry_on)
    log_job(app.backup.work.on_schedule(until=until), namespace=namespace)
    return {}
