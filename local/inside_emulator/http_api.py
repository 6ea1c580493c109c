"""Give an HTTP API the routes of the OpenAPI body that SAM writes; MiniStack ignores ``Body``.

CloudFormation has already resolved the body, so parameters, conditions and ARNs of functions are plain text.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"
CORS = "x-amazon-apigateway-cors"
ANY_METHOD = "x-amazon-apigateway-any-method"


@dataclass(frozen=True)
class GatewayRoute:
    """One operation of the body: its route key, its integration and its authorization."""

    key: str
    integration: dict[str, Any]
    authorizer: str | None


def routes_of(body: dict[str, Any]) -> list[GatewayRoute]:
    """Read every operation of an OpenAPI body that has an integration."""
    routes = []
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            if INTEGRATION not in operation:
                continue
            authorizer = next((name for demand in operation.get("security", []) for name in demand), None)
            verb = "ANY" if method == ANY_METHOD else method.upper()
            key = "$default" if path == "/$default" else f"{verb} {path}"
            public = authorizer in {None, "NONE"}
            routes.append(GatewayRoute(key, operation[INTEGRATION], None if public else authorizer))
    return routes


def authorizers_of(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Read the authorizers of an OpenAPI body, which are Lambda functions, by name."""
    schemes = body.get("components", {}).get("securitySchemes", {})
    return {name: scheme[AUTHORIZER] for name, scheme in schemes.items() if AUTHORIZER in scheme}


def import_api_bodies() -> None:
    """Import the body whenever CloudFormation creates or changes an ``AWS::ApiGatewayV2::Api``."""
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"]
    create, update = handlers["create"], handlers["update"]

    def create_with_body(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        physical_id, attributes = create(logical_id, with_cors(properties), stack_name)
        import_body(physical_id, properties.get("Body"))
        return physical_id, attributes

    def update_with_body(
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Any:
        new_id, attributes = update(physical_id, with_cors(old), with_cors(new), stack_name, logical_id)
        import_body(new_id, new.get("Body"))
        return new_id, attributes

    handlers["create"], handlers["update"] = create_with_body, update_with_body


def with_cors(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties with the body's CORS settings where MiniStack looks for them."""
    cors = (properties.get("Body") or {}).get(CORS)
    return {**properties, "CorsConfiguration": cors} if cors else properties


def import_body(api_id: str, body: dict[str, Any] | None) -> None:
    """Replace the API's authorizers, integrations and routes with those of the body, as a reimport does."""
    if body is None:
        return
    gateway: Any = importlib.import_module("ministack.services.apigateway")
    # Its control-plane functions return HTTP responses, so this writes to the stores behind them.
    gateway._authorizers[api_id] = {}
    gateway._integrations[api_id] = {}
    gateway._routes[api_id] = {}
    for name, authorizer in authorizers_of(body).items():
        gateway._authorizers[api_id][name] = {
            "authorizerId": name,
            "authorizerType": "REQUEST",
            "name": name,
            "identitySource": authorizer["identitySource"],
            "authorizerUri": authorizer["authorizerUri"],
            "authorizerPayloadFormatVersion": authorizer["authorizerPayloadFormatVersion"],
            "authorizerResultTtlInSeconds": authorizer["authorizerResultTtlInSeconds"],
            "enableSimpleResponses": authorizer["enableSimpleResponses"],
        }
    for number, route in enumerate(routes_of(body)):
        identifier = f"r{number}"
        gateway._integrations[api_id][identifier] = {
            "integrationId": identifier,
            "integrationType": "AWS_PROXY",
            "integrationUri": route.integration["uri"],
            "integrationMethod": "POST",
            "payloadFormatVersion": route.integration["payloadFormatVersion"],
        }
        gateway._routes[api_id][identifier] = {
            "routeId": identifier,
            "routeKey": route.key,
            "target": f"integrations/{identifier}",
            "authorizationType": "CUSTOM" if route.authorizer else "NONE",
            "authorizerId": route.authorizer,
        }
