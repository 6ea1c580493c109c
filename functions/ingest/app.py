"""Turns objects dropped into the ingest bucket into images."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.images.ingest_events import handle_messages
from image_store.entrypoints.operations.observability import logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("ingest", context)
    app = application()
    ingestion = app.images.ingestion
    ingest = partial(ingestion.ingest, until=deadline(context, app.clock))
    return handle_messages(event, ingest=ingest, refuse=ingestion.refuse, set_aside=ingestion.set_aside)
