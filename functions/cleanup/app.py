"""Collects what nobody needs any more, on a schedule."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.observability import logger

MARGIN = timedelta(seconds=20)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    app = application()
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    report = asdict(app.cleanup.run(until=app.clock.now() + left - MARGIN))
    logger.info("cleanup", report=report)
    return report
