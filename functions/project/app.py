"""Records events, and brings projections, usage of API keys and the outbox of the backup up to date with the stream."""

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
        count_uses=app.upkeep.count_uses,
        changed_entity=app.backup.changed_entity,
        note=app.backup.note,
        read_events=app.events.reader,
        record_events=app.events.recording.record,
        now=app.clock.now(),
        namespace=app.settings.metrics_namespace,
    )
