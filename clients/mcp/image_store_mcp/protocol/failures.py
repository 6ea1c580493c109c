"""What a message of the protocol is refused with: JSON-RPC errors with their codes."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Code(IntEnum):
    """The codes of JSON-RPC, and those that the specification adds."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    HEADER_MISMATCH = -32020
    MISSING_CAPABILITY = -32021
    UNSUPPORTED_VERSION = -32022
    RESOURCE_NOT_FOUND = -32002
    """Only in the versions with `initialize`; the current one has INVALID_PARAMS."""
    TIMED_OUT = -32001
    """The same: what both official SDKs raise for a request that took too long."""


class ProtocolError(Exception):
    """A message is answered with an error instead of a result; the text is safe to show."""

    def __init__(self, code: Code, message: str, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def body(self) -> dict[str, Any]:
        """The `error` of an answer."""
        data = {"data": dict(self.data)} if self.data else {}
        return {"code": int(self.code), "message": self.message, **data}


def invalid_params(message: str) -> ProtocolError:
    """The error for parameters that a method cannot take."""
    return ProtocolError(Code.INVALID_PARAMS, message)


def cut(text: object, most: int = 64) -> str:
    """What a client sent, short enough and plain enough to repeat in an error."""
    shown = ascii(text)[1:-1] if isinstance(text, str) else type(text).__name__
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
