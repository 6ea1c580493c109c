"""Tells admins whether every part answers."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.callers import admins
from image_store.entrypoints.http import api as http
from image_store.entrypoints.operations.health import health_answer

api = http.create_api()


@api.get(
    "/v1/admin/health",
    **http.operation(
        "Ask whether every part answers",
        answers={200: "DeepHealth", 503: "DeepHealth"},
        problems=(403,),
    ),
)
def get_component_health() -> "Response[str]":
    """Asks every part that the store stands on; 503 when one that is needed is down."""
    app = application()
    admins.check(api, app.settings.admins)
    return health_answer(app.operations.health.check())


lambda_handler = http.handler(api)
