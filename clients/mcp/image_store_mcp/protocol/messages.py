"""Reads messages: JSON within bounds, and the envelope of JSON-RPC."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from image_store_mcp.protocol.failures import Code, ProtocolError, invalid_params

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_MESSAGE_BYTES = 4_700_000
"""As large as a request to the API: a small image fits as base64."""
MAX_DEPTH = 32
MAX_ID_CHARS = 256
MAX_METHOD_CHARS = 128
_LARGEST_ID = 2**63
_SINGLE = "The body must be a single JSON-RPC request or notification object."


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or a notification if it has no id."""

    method: str
    params: Mapping[str, Any]
    id: str | int | None


def read(text: bytes) -> object:
    """The JSON value in a text; ProtocolError if it is none, or too large."""
    if len(text) > MAX_MESSAGE_BYTES:
        raise too_long()
    try:
        value: object = json.loads(
            text.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_object
        )
    except (ValueError, RecursionError):
        raise ProtocolError(Code.PARSE_ERROR, "The message is not JSON.") from None
    return value


def too_long() -> ProtocolError:
    """The refusal of a message that has more than `MAX_MESSAGE_BYTES`."""
    return ProtocolError(Code.INVALID_REQUEST, f"A message has at most {MAX_MESSAGE_BYTES} bytes.")


def check(value: object) -> None:
    """Walk through a value, without recursion; ProtocolError if it is too deep, or holds what cannot be sent on."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[object] = []
        for each in level:
            if isinstance(each, dict):
                below += each.keys()
                below += each.values()
            elif isinstance(each, list):
                below += each
            elif (isinstance(each, str) and not _is_text(each)) or (
                isinstance(each, float) and not math.isfinite(each)
            ):
                raise ProtocolError(Code.PARSE_ERROR, "The message holds a value that is not JSON.")
        if not below:
            return
        level = below
    raise ProtocolError(Code.INVALID_REQUEST, f"The message is nested deeper than {MAX_DEPTH} levels.")


def message_of(value: object) -> Message | None:
    """The message in a JSON value; None for a response, which nobody here waits for."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        raise ProtocolError(Code.INVALID_REQUEST, _SINGLE)
    method = value.get("method")
    if method is None and ("result" in value or "error" in value):
        return None
    if not isinstance(method, str) or not 0 < len(method) <= MAX_METHOD_CHARS:
        raise ProtocolError(Code.INVALID_REQUEST, _SINGLE)
    if "id" in value and id_of(value) is None:
        raise ProtocolError(
            Code.INVALID_REQUEST, f"The id must be an integer or a text of at most {MAX_ID_CHARS} characters."
        )
    params = value.get("params", {})
    if not isinstance(params, dict):
        raise invalid_params("params must be an object.")
    return Message(method, params, id_of(value))


def id_of(value: object) -> str | int | None:
    """The id that an answer to a JSON value repeats; None if it has none that may be repeated."""
    identifier = value.get("id") if isinstance(value, dict) else None
    if isinstance(identifier, str):
        return identifier if len(identifier) <= MAX_ID_CHARS else None
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        return identifier if abs(identifier) < _LARGEST_ID else None
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # JSON has neither NaN nor Infinity


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(members)
    if len(value) != len(members):  # what stands between may read the other one of two
        raise ValueError("a name is there twice")
    return value


def _is_text(text: str) -> bool:
    """Whether a string is Unicode text: JSON can write half a surrogate pair, which UTF-8 cannot."""
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
