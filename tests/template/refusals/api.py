"""The HTTP API and its stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.template.refusals.guards import Template, guard, of_type, properties

if TYPE_CHECKING:
    from collections.abc import Iterator

QUOTAS = "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"


def _body(template: Template) -> dict[str, Any]:
    body: dict[str, Any] = properties(template, "Api")["Body"]
    return body


def _stage(template: Template) -> dict[str, Any]:
    return properties(template, "ApiApiGatewayDefaultStage")


def _routes(template: Template) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, operations in _body(template)["paths"].items()
        for method in operations
    }


@guard(
    "https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages.html",
    breaks=lambda template: _stage(template)["RouteSettings"].update({"GET /gone": {}}),
)
def route_settings_name_only_existing_routes(template: Template) -> Iterator[str]:
    """API Gateway does not find the route of a key, and the stack fails."""
    yield from _stage(template)["RouteSettings"].keys() - _routes(template)


@guard(
    QUOTAS,
    breaks=lambda template: _body(template)["paths"].update({f"/{n}": {"get": {}} for n in range(300)}),
)
def an_api_keeps_within_its_quotas(template: Template) -> Iterator[str]:
    if len(_routes(template)) > 300:
        yield "more than 300 routes and integrations"
    if len(_body(template)["components"]["securitySchemes"]) > 10:
        yield "more than ten authorizers"


def _first_operation(template: Template) -> dict[str, Any]:
    operation: dict[str, Any] = _body(template)["paths"]["/"]["get"]
    return operation


@guard(
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html",
    breaks=lambda template: _first_operation(template).update(security=[{"NONE": []}]),
)
def a_document_defines_the_security_schemes_that_it_uses(template: Template) -> Iterator[str]:
    """Invalid OpenAPI is a warning, and FailOnWarnings stops the deployment."""
    known = _body(template)["components"]["securitySchemes"].keys()
    for path, operations in _body(template)["paths"].items():
        for method, operation in operations.items():
            for name in {name for demand in operation.get("security", []) for name in demand} - known:
                yield f"{method.upper()} {path}: {name}"


@guard(
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html",
    breaks=lambda template: _body(template)["x-amazon-apigateway-cors"].update(allowCredentials=True),
)
def no_cors_rule_allows_credentials_for_every_origin(template: Template) -> Iterator[str]:
    cors = _body(template)["x-amazon-apigateway-cors"]
    if cors.get("allowCredentials"):
        yield "any origin may be allowed, and none of them with credentials"


@guard(
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html",
    breaks=lambda template: _stage(template)["AccessLogSettings"].update(Format="$context.path\n"),
)
def the_access_log_has_one_line_and_names_the_request(template: Template) -> Iterator[str]:
    format_text = _stage(template)["AccessLogSettings"]["Format"]
    if "$context.requestId" not in format_text or "\n" in format_text or len(format_text) > 3072:
        yield "its format"


@guard(
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html",
    breaks=lambda template: _stage(template).pop("DefaultRouteSettings"),
)
def one_route_cannot_take_the_whole_account(template: Template) -> Iterator[str]:
    """A route without limits takes 10,000 requests a second, the limit of all APIs of the account."""
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage").items():
        own = [stage.get("DefaultRouteSettings", {}), *stage.get("RouteSettings", {}).values()]
        if not all(
            limits.get("ThrottlingRateLimit") and limits.get("ThrottlingBurstLimit") for limits in own
        ):
            yield f"{name}: a route without a limit"
