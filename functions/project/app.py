"""Brings projections and the usage of API keys up to date with the changes in the table's stream."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.finding.streams import handle_changes
from image_store.entrypoints.operations.observability import logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    app = application()
    return handle_changes(
        event,
        changed_image=app.upkeep.changed_image,
        project=app.upkeep.projections.project,
        read_use=app.upkeep.use_reader,
        count_use=app.upkeep.count_use,
        now=app.clock.now(),
        namespace=app.settings.metrics_namespace,
    )
