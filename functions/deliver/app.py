"""Sends events to webhooks: each message wakes the turn of one, and a schedule finds wake-ups that were lost."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.webhooks.delivery import handle_wakes
from image_store.entrypoints.webhooks.metrics import report_sweep


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("deliver", context)
    app = application()
    until = deadline(context, app.clock)

    def run(webhook_id: str) -> None:
        app.webhook_delivery.turns.run(webhook_id, until=until)

    if "Records" in event:
        return handle_wakes(event, run=run)
    swept = app.webhook_delivery.sweep.run(until=until)
    logger.info("webhook sweep", report=asdict(swept))
    report_sweep(app.settings.metrics_namespace, swept)
    return {}
