"""Tells admins whether every part answers."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.operations.health import health_answer

api = Api("Administration")


@api.get(
    "/v1/admin/health",
    summary="Check whether every part answers",
    answers={200: "DeepHealth", 503: "DeepHealth"},
    problems=(403,),
)
def get_component_health(request: Request) -> "Response[str]":
    """Checks every part that the store depends on; 503 if a part that is needed is down."""
    app = application()
    request.check_admin(app.settings.admins)
    return health_answer(app.operations.health.check())


lambda_handler = api.handler()
