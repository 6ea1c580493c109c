"""The protocol over HTTP: one message a request, one JSON object an answer, no stream and no session."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from image_store_mcp.protocol.failures import Code, ProtocolError
from image_store_mcp.protocol.messages import check, id_of, message_of, read
from image_store_mcp.protocol.server import INTERNAL, Server, error_answer
from image_store_mcp.protocol.versions import is_modern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_mcp.protocol.context import RequestContext

JSON = "application/json"
_STATUSES = {
    Code.METHOD_NOT_FOUND: 404,
    Code.INTERNAL_ERROR: 200,
}
"""The status of an error in the current version, unless it is 400. Older clients read errors only with 200."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The status of an answer, and its body if it has one."""

    status: int
    body: str = ""


def answer(server: Server, body: bytes, context: RequestContext) -> HttpAnswer:
    """The answer to the body of a POST."""
    headers, value = context.headers or {}, None
    if not is_json(headers.get("content-type")):
        return refusal(415, "Send application/json as Content-Type.")
    try:
        value = read(body)
        check(value)
        message = message_of(value)
    except ProtocolError as error:
        return HttpAnswer(400, _text_of(error_answer(id_of(value), error)))
    answered = server.answer(value, replace(context, headers=headers))
    if answered is None:
        return HttpAnswer(202)
    modern = message is not None and is_modern(message, headers)
    status = _status_of(answered) if modern else 200
    return HttpAnswer(status, _text_of(answered))


def refusal(status: int, message: str) -> HttpAnswer:
    """The answer to a request whose message was not looked at; clients show the text."""
    return HttpAnswer(status, _text_of(error_answer(None, ProtocolError(Code.INVALID_REQUEST, message))))


def failure(body: bytes) -> HttpAnswer:
    """The answer after an error that nobody expected: it has the id that the client waits for, if that can be read."""
    try:
        identifier = id_of(read(body))
    except ProtocolError:
        identifier = None
    answered = error_answer(identifier, ProtocolError(Code.INTERNAL_ERROR, INTERNAL))
    # Nobody can assign an error without an id to a message: clients learn from the status alone that it failed.
    return HttpAnswer(500 if identifier is None else 200, _text_of(answered))


def is_json(content_type: str | None) -> bool:
    """Whether a body may be a message: clients name JSON or, in tests by hand, nothing."""
    return content_type is None or content_type.partition(";")[0].strip().lower() == JSON


def _status_of(answered: Mapping[str, Any]) -> int:
    return _STATUSES.get(answered["error"]["code"], 400) if "error" in answered else 200


def _text_of(answered: Mapping[str, Any]) -> str:
    return json.dumps(answered, separators=(",", ":"))
