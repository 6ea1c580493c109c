"""Writes into the audit trail who changed which image, API key or share; reads the changes from the stream."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.operations.audit import handle_trail
from image_store.entrypoints.operations.observability import logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    return handle_trail(event, read=application().operations.change_reader)
