"""Makes images: calls providers, stores their results and settles the cost."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.bootstrap import application
from image_store.domain.errors import InvalidRequest
from image_store.domain.work import GenerateImage, Work
from image_store.entrypoints.callers.actors import act_as_function
from image_store.entrypoints.deadlines import deadline
from image_store.entrypoints.operations.observability import logger
from image_store.entrypoints.work import handle_work


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    act_as_function("generate", context)
    app = application()
    until = deadline(context, app.clock)

    def carry_on(work: Work) -> None:
        if not isinstance(work, GenerateImage):
            raise InvalidRequest("This queue is only for generation.")
        app.generation.worker.carry_on(work, until=until)

    return handle_work(event, carry_on=carry_on)
