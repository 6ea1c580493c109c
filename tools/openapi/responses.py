"""Headers of answers, and the errors that many routes share."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from image_store.entrypoints.http.problems import CONTENT_TYPE, STATUSES

_HEADERS: dict[str, tuple[str, dict[str, Any], Any]] = {
    "ETag": ("The version, for `If-None-Match` and `If-Match`.", {"type": "string"}, '"3"'),
    "Location": (
        "The address of the new resource, or of the bytes.",
        {"type": "string", "format": "uri"},
        "https://images.example.org/v1/images/019ca945-0a00-7000-8000-000000000001",
    ),
    "Retry-After": (
        "Seconds to wait before the next try; absent if waiting does not help.",
        {"type": "integer"},
        2,
    ),
    "WWW-Authenticate": ("How to authenticate (RFC 6750).", {"type": "string"}, "Bearer"),
}

_VERSIONED = {"Image", "Job"}

_BY_GATEWAY = {
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large",
    HTTPStatus.TOO_MANY_REQUESTS: "Too Many Requests",
}
"""Errors that API Gateway answers itself, as JSON that is not a problem document."""

_DESCRIPTIONS = {
    400: "The request breaks the contract; `errors` names each fault.",
    401: "The token is missing or not valid any more.",
    402: "The request alone costs more than a budget allows.",
    403: "The caller is not an admin.",
    404: "It does not exist, is deleted, or belongs to another owner.",
    409: "It is in another state, or another request is changing it.",
    412: "`If-Match` names a version that is not current.",
    413: "The body is too large (use a direct upload), or the picture has too many pixels.",
    415: "The type of the body or of the picture is not accepted.",
    422: "The request is valid but cannot be carried out; `code` says why.",
    429: "Too many requests, or a quota or a budget is used up.",
    500: "Something went wrong on the server's side.",
    502: "No provider can make the image.",
    503: "Storage or time ran out; repeating is safe.",
}

_WAIT = {429, 503}


def problems_of(statuses: Iterable[int], *, public: bool, has_body: bool) -> list[int]:
    """The statuses of errors of a route: those that it names, and those that every such route has."""
    everywhere = {429, 500} | (set() if public else {400, 401}) | ({413, 415} if has_body else set())
    return sorted({*statuses, *everywhere})


def headers_of(status: int, model: str | None) -> list[str]:
    """The headers that clients work with, as far as they follow from the status and the model of an answer."""
    names = []
    if (status in {200, 201, 202} and model in _VERSIONED) or status == 304:
        names.append("ETag")
    if status == 302:
        names.append("Location")
    return names


def headers(names: Iterable[str]) -> dict[str, Any]:
    """The components of headers."""
    return {
        name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1], "example": _HEADERS[name][2]}
        for name in sorted(names)
    }


def problem_headers(status: int) -> list[str]:
    """The headers of an error."""
    if status == 401:
        return ["WWW-Authenticate"]
    return ["Retry-After"] if status in _WAIT else []


def component_name(status: int) -> str:
    """The name of the component of an error: the phrase of its status."""
    return re.sub(r"\W", "", HTTPStatus(status).phrase.title())


def components(statuses: Iterable[int]) -> dict[str, Any]:
    """The components of errors."""
    return {component_name(status): _problem(status) for status in sorted(statuses)}


def _problem(status: int) -> dict[str, Any]:
    document: dict[str, Any] = {"description": _DESCRIPTIONS[status]}
    if names := problem_headers(status):
        document["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    codes = sorted({error.code for error, of_error in STATUSES.items() if of_error == status})
    content: dict[str, Any] = {}
    if codes:
        document["description"] += f" Codes: {', '.join(f'`{code}`' for code in codes)}."
        content[CONTENT_TYPE] = {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "example": _example(status, codes[0]),
        }
    if message := _BY_GATEWAY.get(HTTPStatus(status)):
        schema = {"$ref": "#/components/schemas/GatewayMessage"}
        content["application/json"] = {"schema": schema, "example": {"message": message}}
    return document | {"content": content}


def _example(status: int, code: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _DESCRIPTIONS[status],
        "code": code,
        "request_id": "aBcDeFgHiJkLmNo=",
    }
