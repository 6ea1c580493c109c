"""Webhooks of a store, which are signed as Standard Webhooks defines: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets as random
import time
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_store_client.schemas import Event

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
"""How far the time of a message may be from now."""
MAX_SIGNATURES = 8
"""A message has one signature, and two while a secret is rotated. More would only cost time."""
_VERSION = "v1,"
_SECRET_BYTES = 24
_SECONDS = re.compile(r"[0-9]{1,12}")

WebhookVerificationCode = Literal["missing_header", "invalid_timestamp", "invalid_signature", "invalid_event"]
"""Why a message cannot be trusted.

`missing_header`: a header of Standard Webhooks is missing. `invalid_timestamp`: the time of the message is none, or too
far from now, as of a recorded message that is sent again. `invalid_signature`: no signature is that of a secret, so the
secret is another one or the body was changed. `invalid_event`: the signature is right, and the body is not an event.
"""


class WebhookVerificationError(Exception):
    """A message does not come from the store as it is; answer it with a status of 400. `code` says why."""

    def __init__(self, code: WebhookVerificationCode, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


def verify(
    headers: Mapping[str, str],
    body: bytes | str,
    secret: str | Sequence[str],
    *,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    now: float | None = None,
) -> Event:
    """Return the event of a webhook, if its signature is that of the secret, or of one of several.

    `body` is what came, before anything parsed it; `now` is in seconds since 1970, by default the clock's.
    WebhookVerificationError for a message that does not come from the store or is too old. ValueError for a secret that
    is none.
    """
    keys = [_key_of(each) for each in ([secret] if isinstance(secret, str) else secret)]
    if not keys:
        raise ValueError("verify needs the secret of the webhook")
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (
        _header(given, name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    _require_recent(timestamp, time.time() if now is None else now, tolerance_seconds)
    content = body.encode() if isinstance(body, str) else bytes(body)
    ours = [each.encode() for each in signatures.split(" ") if each.startswith(_VERSION)][:MAX_SIGNATURES]
    expected = [_signature(key, message_id, timestamp, content).encode() for key in keys]
    if not any(hmac.compare_digest(each, right) for each in ours for right in expected):
        raise WebhookVerificationError("invalid_signature", "no signature is that of the secret")
    return _event_in(content)


def new_secret() -> str:
    """Make a secret that signs webhooks."""
    return PREFIX + base64.b64encode(random.token_bytes(_SECRET_BYTES)).decode("ascii")


def signed_headers(secret: str, *, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that identify and sign a message; `timestamp` is in seconds since 1970.

    ValueError for a secret that is none.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": _signature(_key_of(secret), message_id, str(timestamp), body),
    }


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(PREFIX) or not key:
        raise ValueError(f"a secret of webhooks is {PREFIX} and base64")
    return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"{_VERSION}{base64.b64encode(signature).decode('ascii')}"


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookVerificationError("missing_header", f"there is no header {name}")
    return value


def _require_recent(timestamp: str, now: float, tolerance_seconds: float) -> None:
    is_time = _SECONDS.fullmatch(timestamp) is not None
    if not is_time or abs(now - int(timestamp)) > tolerance_seconds:
        raise WebhookVerificationError("invalid_timestamp", "the message is not of this time")


def _event_in(body: bytes) -> Event:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise WebhookVerificationError("invalid_event", "the body is not an event")
    return cast("Event", event)
