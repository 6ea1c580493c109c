"""Responses to refused requests, in the error format of the requested service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from local.inside_emulator.signatures import RefusedSignature

QUERY_SERVICES = {"autoscaling", "cloudformation", "ec2", "iam", "monitoring", "rds", "sns", "sts"}
"""Services whose errors are XML in an `ErrorResponse`."""


async def refusal(
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]], error: RefusedSignature
) -> None:
    """Respond to a refused request."""
    content_type, body = _content(error)
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", error.code.encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _content(refused: RefusedSignature) -> tuple[str, bytes]:
    """The content type and body of the response."""
    code, message = escape(refused.code), escape(str(refused))
    if refused.service == "s3":
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()
    if refused.service in QUERY_SERVICES:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()
    return "application/json", json.dumps({"__type": refused.code, "message": str(refused)}).encode()
