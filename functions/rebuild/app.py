"""Rebuilds the projections that images are found and counted by, slice by slice; an operator starts it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.upkeep.projections import rebuild_body


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    app = application()
    state = rebuild_body(app.upkeep.projections.rebuild(until=deadline(context, app.clock)))
    logger.info("rebuild", state=state)
    return state
