"""Creates, shows, changes and deletes webhooks, and tests and replays what is sent to them."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images.answers import no_content
from image_store.entrypoints.webhooks import answers

api = Api("Webhooks")


@api.post(
    "/v1/webhooks",
    summary="Create a webhook",
    body="WebhookRequest",
    answers={201: "NewWebhook"},
    response_headers={201: ("Location",)},
    problems=(400, 415, 422, 429, 503),
)
def create_webhook(request: Request) -> "Response[str]":
    """Creates an endpoint that hears about events. The secret is in this response and in no other.

    Requests to the endpoint are signed as Standard Webhooks says. A second request creates a second webhook, so look at
    the list before you repeat one whose response was lost. `scope=all` needs an admin.
    """
    app = application()
    issued = app.webhooks.administration.create(request.caller, answers.read_new(request))
    return answers.created(issued, api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/webhooks",
    summary="List webhooks",
    answers={200: "WebhookList"},
    problems=(503,),
)
def list_webhooks(request: Request) -> "Response[str]":
    """Lists all your webhooks, the newest first."""
    return answers.webhook_list(application().webhooks.administration.list(request.caller))


@api.get(
    "/v1/webhooks/<webhook_id>",
    summary="Get a webhook",
    answers={200: "Webhook"},
    problems=(404, 503),
)
def get_webhook(request: Request, webhook_id: str) -> "Response[str]":
    """Returns a webhook without its secret."""
    return answers.shown(application().webhooks.administration.get(request.caller, webhook_id))


@api.patch(
    "/v1/webhooks/<webhook_id>",
    summary="Update a webhook",
    body="WebhookPatch",
    answers={200: "Webhook"},
    problems=(400, 404, 409, 415, 422, 503),
)
def update_webhook(request: Request, webhook_id: str) -> "Response[str]":
    """Changes the address, the types or the description, or enables or disables a webhook.

    Events that happen while it is disabled are sent by a replay alone. A webhook of scope `all` needs an admin.
    """
    changes = answers.read_changes(request)
    return answers.shown(application().webhooks.administration.change(request.caller, webhook_id, changes))


@api.delete(
    "/v1/webhooks/<webhook_id>",
    summary="Delete a webhook",
    answers={204: "The webhook is deleted."},
    problems=(404, 409, 503),
)
def delete_webhook(request: Request, webhook_id: str) -> "Response[str]":
    """Deletes a webhook and its secrets for good. A request that is on its way may still arrive."""
    application().webhooks.administration.delete(request.caller, webhook_id)
    return no_content()


@api.post(
    "/v1/webhooks/<webhook_id>/test",
    summary="Test a webhook",
    answers={202: "WebhookDelivery"},
    problems=(404, 409, 503),
)
def test_webhook(request: Request, webhook_id: str) -> "Response[str]":
    """Sends an event of type `webhook.test` now. The list of deliveries has the result a moment later."""
    return answers.accepted(application().webhooks.administration.test(request.caller, webhook_id))


@api.get(
    "/v1/webhooks/<webhook_id>/deliveries",
    summary="List the deliveries of a webhook",
    query="WebhookDeliveriesQuery",
    answers={200: "WebhookDeliveryPage"},
    problems=(400, 404, 503),
)
def list_webhook_deliveries(request: Request, webhook_id: str) -> "Response[str]":
    """Lists what was sent to a webhook, by the time of the events, the newest first. A delivery stays for 30 days."""
    query = answers.read_deliveries(request, webhook_id)
    page, next_cursor = application().webhooks.administration.list_deliveries(request.caller, query)
    return answers.delivery_page(page, next_cursor)


@api.post(
    "/v1/webhooks/<webhook_id>/replay",
    summary="Send events to a webhook again",
    body="WebhookReplayRequest",
    answers={202: "WebhookReplay"},
    problems=(400, 404, 409, 415, 503),
)
def replay_webhook(request: Request, webhook_id: str) -> "Response[str]":
    """Sends one event, all events of a time, or all that failed again, each with the id that it has.

    A webhook has one replay of many events at a time.
    """
    replay = answers.read_replay(request)
    return answers.replaying(application().webhooks.administration.replay(request.caller, webhook_id, replay))


@api.post(
    "/v1/webhooks/<webhook_id>/rotate-secret",
    summary="Rotate the secret of a webhook",
    body="WebhookRotationRequest",
    answers={200: "NewWebhook"},
    problems=(400, 404, 409, 415, 503),
)
def rotate_webhook_secret(request: Request, webhook_id: str) -> "Response[str]":
    """Gives a webhook a new secret, which is in this response and in no other.

    Requests carry signatures with both secrets during the overlap, by default a day. Rotating again ends the secret
    before it at once.
    """
    overlap = answers.read_overlap(request)
    return answers.rotated(application().webhooks.administration.rotate(request.caller, webhook_id, overlap))


lambda_handler = api.handler()
