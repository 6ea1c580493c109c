"""Finds out who sends a request; the API asks it before every private route and remembers the answer for a minute."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.entrypoints.callers.authorizer import authorize
from image_store.entrypoints.operations.observability import logger


@logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
def lambda_handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    app = application()
    return authorize(app.callers.authorization, event, namespace=app.settings.metrics_namespace)
