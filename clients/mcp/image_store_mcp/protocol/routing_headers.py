"""The headers of the current version over HTTP, which repeat parts of the body for what stands between."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from image_store_mcp.protocol.failures import Code, ProtocolError, cut
from image_store_mcp.protocol.versions import VERSION_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_store_mcp.protocol.messages import Message

NAME_PARAMETERS = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""The parameter that `Mcp-Name` repeats, of the methods that have one."""
_BEGIN, _END = "=?base64?", "?="


def check(headers: Mapping[str, str], message: Message, version: object) -> None:
    """Raise ProtocolError unless the headers, with names in lower case, say the same as the body."""
    _compare("MCP-Protocol-Version", headers.get(VERSION_HEADER), version)
    _compare("Mcp-Method", headers.get("mcp-method"), message.method)
    if message.method in NAME_PARAMETERS:
        _compare(
            "Mcp-Name", _decode(headers.get("mcp-name")), message.params.get(NAME_PARAMETERS[message.method])
        )


def _compare(name: str, value: str | None, expected: object) -> None:
    if value is None:
        raise ProtocolError(Code.HEADER_MISMATCH, f"Header mismatch: {name} is missing.")
    if value != expected:
        raise ProtocolError(
            Code.HEADER_MISMATCH,
            f"Header mismatch: {name} header value '{cut(value)}' does not match body value '{cut(expected)}'.",
        )


def _decode(value: str | None) -> str | None:
    """The text of a header that may be written as base64, because headers are ASCII."""
    if value is None or not (value.startswith(_BEGIN) and value.endswith(_END)):
        return value
    try:
        return base64.b64decode(value[len(_BEGIN) : -len(_END)], validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise ProtocolError(
            Code.HEADER_MISMATCH, "Header mismatch: Mcp-Name is not base64 of UTF-8."
        ) from None
