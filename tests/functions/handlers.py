"""Calling a function's handler as the gateway does, on a store in memory."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image_store.domain.callers.caller import user
from image_store.entrypoints.callers.verdicts import verdict_of

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """What a client would see."""

    status: int
    headers: dict[str, str]
    body: Any


class Context:
    """What Lambda tells of an invocation."""

    function_name = "function"
    function_version = "$LATEST"
    memory_limit_in_mb = 3008
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:function"
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


def handler(name: str) -> Any:
    """The module of a function."""
    spec = importlib.util.spec_from_file_location(f"function_{name}", ROOT / f"functions/{name}/app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict_of_user(owner: str) -> dict[str, str]:
    """What the authorizer says of a user."""
    return verdict_of(user(owner, scopes=(), admin_scope="", admin_subjects=()))


def post_json(path: str, body: Any, *, owner: str = "alice", headers: dict[str, str] | None = None) -> Any:
    """The event of a POST request with JSON, in API Gateway's payload format 2.0."""
    return {
        "version": "2.0",
        "routeKey": f"POST {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": {"lambda": verdict_of_user(owner)},
            "domainName": "api.example.com",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.1",
                "userAgent": "test",
            },
            "requestId": "request-1",
            "routeKey": f"POST {path}",
            "stage": "$default",
            "time": "01/Mar/2026:12:00:00 +0000",
            "timeEpoch": 1772366400000,
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def call(module: Any, event: Any) -> Answer:
    """Hand an event to a function and read its answer."""
    answered = module.lambda_handler(event, Context())
    return Answer(
        answered["statusCode"],
        {name.lower(): value for name, value in answered.get("headers", {}).items()},
        json.loads(answered["body"]),
    )
