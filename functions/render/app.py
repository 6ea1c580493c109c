"""Makes renditions and transforms on request; only other functions of the store may call it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.domain.delivery.render_requests import RenderRequest, TransformRequest
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.delivery.render_requests import handle_render_request
from image_store.entrypoints.operations.observability import logger


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("render", context)
    app = application()
    until = deadline(context, app.clock)

    def make(request: RenderRequest) -> None:
        if isinstance(request, TransformRequest):
            app.delivery.transforming.make(request, until=until)
        else:
            app.delivery.rendering.make(request, until=until)

    return handle_render_request(event, make=make)
