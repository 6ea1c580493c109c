"""Routes and authorizers as SAM writes them into an HTTP API's body."""

from typing import Any

from local.inside_emulator.http_api import authorizers_of, routes_of, with_cors

INTEGRATION = {"type": "aws_proxy", "uri": "arn:aws:lambda:…:list/invocations", "payloadFormatVersion": "2.0"}
CALLER = {
    "type": "request",
    "identitySource": ["$request.header.Authorization"],
    "authorizerUri": "arn:aws:…",
}
BODY: dict[str, Any] = {
    "paths": {
        "/v1/images": {
            "get": {"x-amazon-apigateway-integration": INTEGRATION, "security": [{"Caller": []}]},
            "options": {"description": "no integration"},
        },
        "/i/{link}": {"get": {"x-amazon-apigateway-integration": INTEGRATION, "security": [{"NONE": []}]}},
        "/any": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": INTEGRATION}},
        "/$default": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": INTEGRATION}},
    },
    "components": {
        "securitySchemes": {"Caller": {"type": "apiKey", "x-amazon-apigateway-authorizer": CALLER}}
    },
    "x-amazon-apigateway-cors": {"allowOrigins": ["*"]},
}


def test_every_operation_with_an_integration_is_a_route() -> None:
    assert [route.key for route in routes_of(BODY)] == [
        "GET /v1/images",
        "GET /i/{link}",
        "ANY /any",
        "$default",
    ]


def test_a_route_keeps_its_authorizer() -> None:
    route = routes_of(BODY)[0]

    assert route.authorizer == "Caller"
    assert route.integration == INTEGRATION


def test_a_route_without_authorizer_is_public() -> None:
    assert [route.authorizer for route in routes_of(BODY)[1:]] == [None, None, None]


def test_authorizers_are_read_by_name() -> None:
    assert authorizers_of(BODY) == {"Caller": CALLER}


def test_cors_settings_are_moved_where_the_emulator_reads_them() -> None:
    assert with_cors({"Body": BODY, "Name": "n"})["CorsConfiguration"] == {"allowOrigins": ["*"]}
    assert with_cors({"Name": "n"}) == {"Name": "n"}
