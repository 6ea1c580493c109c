"""Every route of the API, the function behind it, and who may call it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Public routes name no authorizer. All others ask for a token of the deployment's issuer, each by itself: there is no
# default, so that a route without a word about it is public, and found here.
JWT = "Jwt"
PUBLIC = None
_ROUTES = {
    "POST /v1/images": ("UploadFunction", JWT),
    "POST /v1/images/batch": ("UploadFunction", JWT),
    "POST /v1/images/batch-delete": ("DeleteFunction", JWT),
    "POST /v1/uploads": ("DirectFunction", JWT),
    "POST /v1/uploads/{image_id}/complete": ("DirectFunction", JWT),
    "GET /v1/images": ("ListFunction", JWT),
    "GET /v1/images/{image_id}": ("RetrieveFunction", JWT),
    "GET /v1/images/{image_id}/content": ("RetrieveFunction", JWT),
    "HEAD /v1/images/{image_id}/content": ("RetrieveFunction", JWT),
    "PATCH /v1/images/{image_id}": ("UpdateFunction", JWT),
    "DELETE /v1/images/{image_id}": ("DeleteFunction", JWT),
    "POST /v1/images/{image_id}/restore": ("DeleteFunction", JWT),
    "POST /v1/images/{image_id}/links": ("ShareFunction", JWT),
    "POST /v1/admin/cleanup": ("AdminFunction", JWT),
    "GET /v1/admin/cleanup/reports": ("AdminFunction", JWT),
    "POST /v1/admin/repairs": ("AdminFunction", JWT),
    "GET /v1/admin/repairs/{repair_id}": ("AdminFunction", JWT),
    "POST /v1/admin/migrations": ("MigrateFunction", JWT),
    "GET /v1/admin/migrations/{migration_id}": ("MigrateFunction", JWT),
    "GET /v1/admin/migrations/{migration_id}/content": ("MigrateFunction", JWT),
    "GET /v1/admin/migrations/{migration_id}/records": ("MigrateFunction", JWT),
    "GET /v1/search": ("SearchFunction", JWT),
    "GET /v1/images/{image_id}/similar": ("SearchFunction", JWT),
    "GET /v1/stats": ("StatsFunction", JWT),
    "GET /v1/admin/health": ("HealthFunction", JWT),
    "GET /v1/feed": ("FeedFunction", PUBLIC),
    "POST /v1/generations": ("GenerationsFunction", JWT),
    "GET /v1/generations": ("GenerationsFunction", JWT),
    "GET /v1/generations/{job_id}": ("GenerationsFunction", JWT),
    "POST /v1/generations/{job_id}/retry": ("GenerationsFunction", JWT),
    "DELETE /v1/generations/{job_id}": ("GenerationsFunction", JWT),
    "GET /v1/providers": ("GenerationsFunction", JWT),
    "PUT /v1/provider-keys/{provider}": ("GenerationsFunction", JWT),
    "DELETE /v1/provider-keys/{provider}": ("GenerationsFunction", JWT),
    "GET /i/{link}": ("LinksFunction", PUBLIC),
    "GET /i/{link}/{preset}": ("LinksFunction", PUBLIC),
    "GET /v1/health": ("SiteFunction", PUBLIC),
    "GET /openapi.json": ("SiteFunction", PUBLIC),
    "GET /docs": ("SiteFunction", PUBLIC),
    "GET /": ("SiteFunction", PUBLIC),
    "GET /assets/{file}": ("SiteFunction", PUBLIC),
    "GET /config.json": ("SiteFunction", PUBLIC),
}
METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
NOWHERE = {f"{method} {path}": ("SiteFunction", PUBLIC) for method in METHODS for path in ("/", "/{proxy+}")}
"""Where a request goes that no other route takes: it is told so, whoever sends it."""
ROUTES = {
    **NOWHERE,
    **{key.replace("GET ", "HEAD ", 1): behind for key, behind in _ROUTES.items() if key.startswith("GET ")},
    **_ROUTES,
}
INTEGRATION = "x-amazon-apigateway-integration"
VARIABLE = re.compile(r"<(\w+)>")  # Powertools writes <image_id> where API Gateway writes {image_id}
FUNCTION = re.compile(r"/functions/\$\{(\w+Function)(?:\.Arn|Aliaslive)\}/invocations$")


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


def test_the_routes_are_exactly_these(processed: dict[str, Any]) -> None:
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in body(processed)["paths"].items()
        for method, operation in methods.items()
    }

    routes = {
        key: (function_of(operation), authorizer_of(operation)) for key, operation in operations.items()
    }

    assert routes == ROUTES


def registered_routes(function: str) -> set[str]:
    """The route keys that a handler's resolver answers; importing it needs no settings and no network."""
    folder = function.removesuffix("Function").lower()
    spec = importlib.util.spec_from_file_location(f"handler_{folder}", ROOT / "functions" / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    handler = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(handler)
    return {f"{route.method} {VARIABLE.sub(r'{\1}', route.path)}" for route in handler.api.routes}


@pytest.mark.parametrize("function", sorted({function for function, _ in ROUTES.values()}))
def test_a_handler_serves_exactly_its_routes(function: str) -> None:
    leading_there = {
        key
        for key, (behind, _) in ROUTES.items()
        if behind == function and (key not in NOWHERE or key in {"GET /", "HEAD /"})
    }

    assert registered_routes(function) == leading_there


def test_every_route_sends_events_of_version_2(processed: dict[str, Any]) -> None:
    versions = {
        operation[INTEGRATION]["payloadFormatVersion"]
        for methods in body(processed)["paths"].values()
        for operation in methods.values()
    }

    assert versions == {"2.0"}


def test_tokens_must_have_the_deployments_issuer_and_an_audience(processed: dict[str, Any]) -> None:
    schemes = body(processed)["components"]["securitySchemes"]

    assert set(schemes) == {JWT}
    assert schemes[JWT]["x-amazon-apigateway-authorizer"] == {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {
            "issuer": {"Ref": "Issuer"},
            "audience": {"Fn::Split": [",", {"Ref": "Audience"}]},
        },
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
    for path in ("/i/{link}", "/i/{link}/{preset}", "/v1/feed")
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
