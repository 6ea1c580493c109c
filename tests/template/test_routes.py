"""Every route of the API leads to the function that declares it, and only the public ones need no token."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

from image_store.entrypoints.callers.verdicts import CACHED_FOR

ROOT = Path(__file__).resolve().parents[2]
HANDLERS = sorted((ROOT / "functions").glob("*/app.py"))

# Public routes name no authorizer. All others name it one by one: there is no default, so a route of the template that
# names none is public. What handlers declare public is reviewed in tests/unit/operations/test_openapi.py.
CALLER = "Caller"
PUBLIC = None
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
NOWHERE = {f"{method} {path}": ("SiteFunction", PUBLIC) for method in METHODS for path in ("/", "/{proxy+}")}
"""Where requests go that no other route takes; the function `site` answers them with 404 or 405."""
INTEGRATION = "x-amazon-apigateway-integration"
VARIABLE = re.compile(r"<(\w+\+?)>")  # handlers write <image_id> where API Gateway writes {image_id}
FUNCTION = re.compile(r"/functions/\$\{(\w+Function)(?:\.Arn|Aliaslive)\}/invocations$")


def declared_routes(handler: Path) -> dict[str, tuple[str, str | None]]:
    """The routes that a handler declares, with its function and the authorizer that they need."""
    spec = importlib.util.spec_from_file_location(f"handler_{handler.parent.name}", handler)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function = f"{handler.parent.name.capitalize()}Function"
    routes = module.api.routes if hasattr(module, "api") else []
    public_paths = {route.path for route in routes if route.operation and route.operation.get("public")}
    return {
        f"{route.method} {VARIABLE.sub(r'{\1}', route.path)}": (
            function,
            PUBLIC if route.method in {"GET", "HEAD"} and route.path in public_paths else CALLER,
        )
        for route in routes
    }


OWN_PROTOCOLS: dict[str, tuple[str, str | None]] = {
    "POST /mcp": ("McpFunction", CALLER),
    **{
        f"{method} /.well-known/oauth-protected-resource{end}": ("McpFunction", PUBLIC)
        for method in ("GET", "HEAD")
        for end in ("", "/mcp")
    },
}
"""Routes of handlers that declare none, because they speak a protocol of their own."""

ROUTES = (
    NOWHERE
    | OWN_PROTOCOLS
    | {
        key: function_and_authorizer
        for handler in HANDLERS
        for key, function_and_authorizer in declared_routes(handler).items()
    }
)


def body(processed: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document that API Gateway imports."""
    document: dict[str, Any] = processed["Resources"]["Api"]["Properties"]["Body"]
    return document


def function_of(operation: dict[str, Any]) -> str:
    """The logical id of the function that an operation calls."""
    match = FUNCTION.search(operation[INTEGRATION]["uri"]["Fn::Sub"])
    assert match is not None
    return match[1]


def authorizer_of(operation: dict[str, Any]) -> str | None:
    """The authorizer that an operation asks; a public one names none."""
    if "security" not in operation:
        return None
    ((name, scopes),) = operation["security"][0].items()
    assert len(operation["security"]) == 1
    assert scopes == []
    return str(name)


def test_the_template_has_the_routes_that_handlers_declare(processed: dict[str, Any]) -> None:
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in body(processed)["paths"].items()
        for method, operation in methods.items()
    }

    routes = {
        key: (function_of(operation), authorizer_of(operation)) for key, operation in operations.items()
    }

    assert routes == ROUTES


def test_no_two_functions_declare_a_route() -> None:
    keys = [key for handler in HANDLERS for key in declared_routes(handler)]

    assert len(keys) == len(set(keys))
    assert {"POST /v1/images", "GET /v1/images/{image_id}", "HEAD /v1/images/{image_id}"} <= set(keys)


def test_every_route_sends_events_of_version_2(processed: dict[str, Any]) -> None:
    versions = {
        operation[INTEGRATION]["payloadFormatVersion"]
        for methods in body(processed)["paths"].values()
        for operation in methods.values()
    }

    assert versions == {"2.0"}


def test_a_function_is_asked_who_calls_and_its_answer_is_kept_for_a_minute(processed: dict[str, Any]) -> None:
    """Without a cache each request would wait for two functions; a revoked key works for as long as it lasts."""
    schemes = body(processed)["components"]["securitySchemes"]

    assert set(schemes) == {CALLER}
    authorizer = schemes[CALLER]["x-amazon-apigateway-authorizer"]
    uri, variables = authorizer.pop("authorizerUri")["Fn::Sub"]
    assert uri.endswith("functions/${__FunctionArn__}/invocations")
    assert variables == {"__FunctionArn__": {"Fn::GetAtt": ["AuthorizeFunction", "Arn"]}}
    assert authorizer == {
        "type": "request",
        "identitySource": ["$request.header.Authorization"],
        "authorizerPayloadFormatVersion": "2.0",
        "enableSimpleResponses": True,
        "authorizerResultTtlInSeconds": CACHED_FOR.total_seconds(),
    }


def limits(rate: str, burst: str) -> dict[str, Any]:
    """The throttle that two parameters set."""
    return {"ThrottlingRateLimit": {"Ref": rate}, "ThrottlingBurstLimit": {"Ref": burst}}


UPLOAD_LIMITS = limits("UploadRateLimit", "UploadBurstLimit")
PUBLIC_LIMITS = limits("PublicRateLimit", "PublicBurstLimit")
DECODING = {
    "POST /v1/images",
    "POST /v1/images/batch",
    "POST /v1/uploads/{image_id}/complete",
    "POST /v1/admin/migrations",
}
"""Routes whose function decodes an image while its caller waits."""
IMAGES_FOR_EVERYBODY = {
    f"{method} {path}"
    for method in ("GET", "HEAD")
    for path in (
        "/i/{link}",
        "/i/{link}/{preset}",
        "/m/{path+}",
        "/s/{token}/{image_id}/{preset}",
        "/v1/feed",
    )
}


def test_every_route_is_throttled(processed: dict[str, Any], template: dict[str, Any]) -> None:
    stage = processed["Resources"]["ApiApiGatewayDefaultStage"]["Properties"]
    own = stage["RouteSettings"]
    public = {key for key, (_, authorizer) in ROUTES.items() if authorizer is PUBLIC}

    assert stage["DefaultRouteSettings"] == limits("ApiRateLimit", "ApiBurstLimit")
    assert own.keys() == public | DECODING
    assert {key for key, throttle in own.items() if throttle == UPLOAD_LIMITS} == DECODING
    assert {key for key, throttle in own.items() if throttle == PUBLIC_LIMITS} == IMAGES_FOR_EVERYBODY
    for key in public - IMAGES_FOR_EVERYBODY:
        assert 0 < own[key]["ThrottlingRateLimit"] <= own[key]["ThrottlingBurstLimit"], key
    for name in ("Api", "Upload", "Public"):
        rate, burst = (template["Parameters"][f"{name}{kind}Limit"] for kind in ("Rate", "Burst"))
        assert 0 < rate["MinValue"] <= rate["Default"] <= burst["Default"] <= burst["MaxValue"]


def test_a_deployment_fails_when_api_gateway_warns_of_the_issuer(
    processed: dict[str, Any], template: dict[str, Any]
) -> None:
    api = processed["Resources"]["Api"]["Properties"]

    assert api["FailOnWarnings"] == {"Ref": "FailOnWarnings"}
    assert template["Parameters"]["FailOnWarnings"]["Default"] == "true"


def test_cors_allows_the_methods_and_headers_that_the_api_uses(processed: dict[str, Any]) -> None:
    cors = body(processed)["x-amazon-apigateway-cors"]

    assert cors["allowOrigins"] == ["*"]
    assert set(cors["allowMethods"]) == {key.split()[0] for key in ROUTES}
    assert set(cors["allowHeaders"]) == {
        "Authorization",
        "Content-Type",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Image-Store-Owner",
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
    }
    assert set(cors["exposeHeaders"]) == {
        "Allow",
        "Apigw-Requestid",
        "ETag",
        "Location",
        "Retry-After",
        "WWW-Authenticate",
    }
    assert "allowCredentials" not in cors  # with any origin allowed, a cookie must never count


def test_the_access_log_never_contains_a_link(processed: dict[str, Any]) -> None:
    settings = processed["Resources"]["ApiApiGatewayDefaultStage"]["Properties"]["AccessLogSettings"]

    assert settings["DestinationArn"] == {"Fn::GetAtt": ["AccessLogs", "Arn"]}
    assert "$context.routeKey" in settings["Format"]
    assert "$context.path" not in settings["Format"]
    assert "\n" not in settings["Format"]  # API Gateway takes one line only
