"""Brings projections up to date with the changes in the table's stream."""

from collections.abc import Collection
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.finding.streams import Failed, handle_changes
from image_store.entrypoints.operations.observability import logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    app = application()

    def project(image_ids: Collection[str], failed: Failed) -> None:
        app.upkeep.projections.project(image_ids, failed=failed)

    return handle_changes(
        event,
        changed_image=app.upkeep.changed_image,
        project=project,
        now=app.clock.now(),
        namespace=app.settings.metrics_namespace,
    )
