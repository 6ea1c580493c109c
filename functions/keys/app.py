"""Creates, shows, changes, rotates and revokes API keys, and creates upload tokens."""

from aws_lambda_powertools.event_handler import Response

from image_store.bootstrap import application
from image_store.entrypoints.callers import keys, upload_tokens
from image_store.entrypoints.http.api import Api
from image_store.entrypoints.http.request import Request
from image_store.entrypoints.images import answers

api = Api("API keys")


@api.post(
    "/v1/keys",
    summary="Create an API key",
    body="ApiKeyRequest",
    answers={201: "NewApiKey"},
    response_headers={201: ("Location",)},
    problems=(400, 409, 415, 429, 503),
)
def create_key(request: Request) -> "Response[str]":
    """Creates an API key for a program without a user. The key is in this response and in no other.

    A second request creates a second key, so look at the list before you repeat one whose response was lost.
    """
    app = application()
    key, text = app.callers.key_administration.create(request.caller, keys.read_new_key(request))
    return keys.created(key, text, now=app.clock.now(), api_url=request.api_url(app.settings.api_url))


@api.get(
    "/v1/keys",
    summary="List API keys",
    query="ApiKeysQuery",
    answers={200: "ApiKeyPage"},
    problems=(400, 503),
)
def list_keys(request: Request) -> "Response[str]":
    """Lists your API keys, by owner and id. A key that was revoked or has expired stays for 90 days."""
    app = application()
    key_list, place = keys.read_list(request)
    page, next_cursor = app.callers.key_administration.page(request.caller, key_list, **place)
    return keys.page(page, next_cursor, now=app.clock.now())


@api.get(
    "/v1/keys/<key_id>",
    summary="Get an API key",
    answers={200: "ApiKey"},
    problems=(404, 503),
)
def get_key(request: Request, key_id: str) -> "Response[str]":
    """Returns an API key without its secret."""
    app = application()
    return keys.shown(app.callers.key_administration.get(request.caller, key_id), now=app.clock.now())


@api.get(
    "/v1/keys/<key_id>/usage",
    summary="Get the usage of an API key",
    query="KeyUsageQuery",
    answers={200: "KeyUsage"},
    problems=(400, 404, 503),
)
def get_key_usage(request: Request, key_id: str) -> "Response[str]":
    """Returns what an API key has used by day: requests, images, bytes and cost. It stays for 400 days.

    Images, bytes and cost are exact, and follow a second or two behind. Requests are counted while the key has a
    limit of requests.
    """
    reports = application().callers.key_usage
    return keys.usage(reports.of_key(request.caller, key_id, **keys.read_days(request)))


@api.patch(
    "/v1/keys/<key_id>",
    summary="Update an API key",
    body="ApiKeyPatch",
    answers={200: "ApiKey"},
    problems=(400, 404, 409, 415, 429, 503),
)
def update_key(request: Request, key_id: str) -> "Response[str]":
    """Changes name, scopes or expiry. The change takes effect within a minute."""
    app = application()
    key = app.callers.key_administration.change(request.caller, key_id, **keys.read_changes(request))
    return keys.shown(key, now=app.clock.now())


@api.post(
    "/v1/keys/<key_id>/rotate",
    summary="Rotate an API key",
    body="KeyRotationRequest",
    answers={200: "NewApiKey"},
    problems=(400, 404, 409, 415, 503),
)
def rotate_key(request: Request, key_id: str) -> "Response[str]":
    """Gives an API key a new secret, which is in this response and in no other.

    The old secret works for the grace period, by default a day. Rotating again ends the secret before it at once.
    """
    app = application()
    key, text = app.callers.key_administration.rotate(request.caller, key_id, **keys.read_rotation(request))
    return keys.rotated(key, text, now=app.clock.now())


@api.delete(
    "/v1/keys/<key_id>",
    summary="Revoke an API key",
    answers={204: "The key is revoked. It works for at most another minute."},
    problems=(404, 409, 503),
)
def delete_key(request: Request, key_id: str) -> "Response[str]":
    """Revokes an API key for good. The list shows it for another 90 days."""
    application().callers.key_administration.revoke(request.caller, key_id)
    return answers.no_content()


@api.post(
    "/v1/upload-tokens",
    summary="Create an upload token",
    body="UploadTokenRequest",
    answers={201: "UploadToken"},
    problems=(400, 415, 422, 503),
)
def create_upload_token(request: Request) -> "Response[str]":
    """Creates a token with which a browser can upload images, within the limits that you set, and do nothing else.

    The token is in this response and in no other. It cannot be revoked, so let it expire soon.
    """
    caller, new_token = upload_tokens.read_new_upload_token(request)
    token, text = application().callers.upload_permissions.create(caller, new_token)
    return upload_tokens.created_upload_token(token, text)


lambda_handler = api.handler()
