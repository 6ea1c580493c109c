"""The HTTP API: one resolver a function, the same manners everywhere.

Powertools' validation is left off: it would add two fifths of boto3's import to every cold start. Routes describe
themselves with `operation()`, from which the OpenAPI document is made, and read their input with
`entrypoints.requests`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from image_store.domain.callers.actor import UNNAMED, Actor, is_owner
from image_store.domain.errors import ImageNotFound, ImageStoreError, InvalidRequest
from image_store.entrypoints.callers.actors import act_as
from image_store.entrypoints.http.packing import finished
from image_store.entrypoints.http.problems import STATUSES, internal_problem, problem
from image_store.entrypoints.operations.observability import logger

if TYPE_CHECKING:
    from pathlib import Path

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


class Api(APIGatewayHttpResolver):
    """A resolver that answers HEAD wherever it answers GET."""

    def get[F: Callable[..., Any]](self, rule: str, **described: Any) -> Callable[[F], F]:  # type: ignore[override]
        """Register a function for GET, and for HEAD, which the API's document does not tell apart."""

        def register(function: F) -> F:
            self.route(rule, method="HEAD", include_in_schema=False)(function)
            self.route(rule, method="GET", **described)(function)
            return function

        return register


def create_api(*, document: "Path | None" = None) -> Api:
    """A resolver whose errors are problem documents.

    With the API's `document` it also answers for addresses of other functions, to which no route led.
    """
    api = Api()

    @api.exception_handler(ImageStoreError)  # type: ignore[untyped-decorator]  # Powertools types it not
    def refuse(error: ImageStoreError) -> "Response[str]":
        if STATUSES[type(error)] >= 500:
            logger.exception("request failed", code=error.code)
        return problem(error, request_id=request_id(api))

    @api.exception_handler(Exception)  # type: ignore[untyped-decorator]  # as above
    def fail(_: Exception) -> "Response[str]":
        logger.exception("unexpected error")
        return internal_problem(request_id=request_id(api))

    @api.not_found
    def unknown(_: Exception) -> "Response[str]":
        if document is None:
            return problem(ImageNotFound("There is nothing at this address."), request_id=request_id(api))
        from image_store.entrypoints.http.unknown_routes import no_route  # only where a request is wrong

        return problem(no_route(api.current_event.path, document), request_id=request_id(api))

    return api


def handler(api: Api) -> Handler:
    """The Lambda handler of a resolver."""

    @logger.inject_lambda_context(correlation_id_path="requestContext.requestId", clear_state=True)
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        # The gateway leaves out what a request does not have, and tests of it by hand send null.
        event = event | {"headers": event.get("headers") or {}}
        act_as(_actor(event))
        return finished(api.resolve(event, context), event)

    return lambda_handler


def _actor(event: dict[str, Any]) -> Actor:
    request = event.get("requestContext", {})
    subject = _claims(request).get("sub")
    return Actor.subject(str(subject), str(request.get("requestId", ""))) if subject else UNNAMED


def operation(
    summary: str,
    *,
    answers: dict[int, str],
    query: str | None = None,
    body: str | None = None,
    headers: tuple[str, ...] = (),
    problems: tuple[int, ...] = (),
    public: bool = False,
    media: dict[int, str] | None = None,
    description: str = "",
) -> dict[str, Any]:
    """How a route describes itself: keyword arguments for a resolver's route.

    `answers` maps a status to a model of `schemas` or to a sentence, and `media` the status of a sentence to the type
    of its body; `query` and `body` name models. Names, not classes, so that a cold start loads no model that it does
    not use. The name of the handler becomes the operation's id in camelCase, and its docstring the description where
    none is given.
    """
    return {
        "summary": summary,
        "openapi_extensions": {
            "x-image-store": {
                "answers": answers,
                "query": query,
                "body": body,
                "headers": headers,
                "problems": problems,
                "public": public,
                "media": media or {},
                "description": description,
            }
        },
    }


def header(api: APIGatewayHttpResolver, name: str) -> str | None:
    """A request header by its lower-case name."""
    value = api.current_event.raw_event["headers"].get(name)
    return str(value) if value is not None else None


def read_method(api: APIGatewayHttpResolver) -> Literal["GET", "HEAD"]:
    """With which of the two methods that read a request came."""
    return "HEAD" if api.current_event.http_method == "HEAD" else "GET"


def chosen(api: APIGatewayHttpResolver, name: str, *, among: tuple[str, ...]) -> str | None:
    """The value of the one query parameter that a route takes; InvalidRequest for any other."""
    values = parse_qs(str(api.current_event.raw_event.get("rawQueryString", "")), keep_blank_values=True)
    given = values.pop(name, [])
    if values or len(given) > 1 or not set(given) <= set(among):
        known = ", ".join(among)
        fault = (("query", name), "enum", f"must be one of {known}, given once, and nothing else")
        raise InvalidRequest("The query is wrong.", errors=(fault,))
    return given[0] if given else None


def caller(api: APIGatewayHttpResolver) -> str:
    """The owner who calls: the subject of the token that the gateway has verified."""
    subject = str(_claims(api.current_event.raw_event["requestContext"]).get("sub") or "")
    if not is_owner(subject):
        raise InvalidRequest("The token's subject is missing, longer than 255 characters, or not printable.")
    return subject


def scopes(api: APIGatewayHttpResolver) -> frozenset[str]:
    """The scopes of the verified token: its claim `scope` (RFC 8693, section 4.2), or `scp` as some issuers name it.

    The gateway hands a list over as text, `[one two]`.
    """
    claims = _claims(api.current_event.raw_event["requestContext"])
    text = str(claims.get("scope") or claims.get("scp") or "")
    return frozenset(text.removeprefix("[").removesuffix("]").split())


def _claims(request: dict[str, Any]) -> dict[str, Any]:
    """The claims of the verified token; none where the gateway verified none."""
    authorizer = request.get("authorizer") or {}
    return (authorizer.get("jwt") or {}).get("claims") or {}


def api_url(api: APIGatewayHttpResolver, configured: str) -> str:
    """The API's own address: as configured, or the name under which the gateway was called."""
    if configured:
        return configured
    return f"https://{api.current_event.raw_event['requestContext']['domainName']}"


def request_id(api: APIGatewayHttpResolver) -> str:
    """The gateway's id of the current request."""
    return str(api.current_event.raw_event.get("requestContext", {}).get("requestId", ""))
