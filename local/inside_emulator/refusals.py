"""Say why a request is refused, in the form that its service's clients read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from local.inside_emulator.signatures import RefusedSignature

QUERY_SERVICES = {"autoscaling", "cloudformation", "ec2", "iam", "monitoring", "rds", "sns", "sts"}
"""Services whose errors are XML in an envelope."""


async def refusal(
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]], refused: RefusedSignature
) -> None:
    """Answer a refused request."""
    kind, body = _told(refused)
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", refused.code.encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _told(refused: RefusedSignature) -> tuple[str, bytes]:
    code, message = escape(refused.code), escape(str(refused))
    if refused.service == "s3":
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()
    if refused.service in QUERY_SERVICES:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()
    return "application/json", json.dumps({"__type": refused.code, "message": str(refused)}).encode()
