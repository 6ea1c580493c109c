"""Limits of the real gateway that the emulator does not have, and the real gateway's responses.

HTTP APIs: payload 10 MB, integration timeout 30 s. Lambda: 6 MB for a synchronous event and for its response. A body
that is not text is base64 in the event, which leaves about 4.5 MB for an image. URLs of functions have Lambda's limits
alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024
MAX_BODY_BYTES = 10 * MIB
MAX_EVENT_BYTES = 6 * MIB
MAX_ANSWER_BYTES = 6 * MIB
TIMEOUT_SECONDS = 30.0
FUNCTION_TIMEOUT_SECONDS = 900.0
EVENT_FRAME_BYTES = 2_000  # request context, claims and the names of the event's fields
TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}


@dataclass(frozen=True)
class GatewayAnswer:
    """A response of the gateway itself."""

    status: int
    message: str


TOO_LARGE = GatewayAnswer(413, "Request Entity Too Large")
TOO_MANY = GatewayAnswer(429, "Too Many Requests")
FUNCTION_FAILED = GatewayAnswer(500, "Internal Server Error")
TIMED_OUT = GatewayAnswer(503, "Service Unavailable")
URL_FAILED = GatewayAnswer(502, "Internal Server Error")


def fits(body: bytes, *, headers: Mapping[str, str], target: str) -> bool:
    """Return whether a request's body and the event made from it are within the limits."""
    if len(body) > MAX_BODY_BYTES:
        return False
    frame = (
        EVENT_FRAME_BYTES
        + 2 * len(target)
        + sum(len(name) + len(value) + 6 for name, value in headers.items())
    )
    return frame + body_bytes_in_event(body, headers.get("Content-Type", "")) <= MAX_EVENT_BYTES


def body_bytes_in_event(body: bytes, content_type: str) -> int:
    """Return the bytes that a body takes as a JSON string in a Lambda event."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in TEXT_TYPES:
        return len(json.dumps(body.decode("utf-8", "replace"), ensure_ascii=False).encode())
    return (len(body) + 2) // 3 * 4


def is_function_failure(status: int, content_type: str) -> bool:
    """Return whether this is the emulator's response for a handler that raised or timed out, not a problem of ours."""
    return status == 502 and content_type == "application/json"
