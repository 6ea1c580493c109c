"""Signatures of requests to webhooks, by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com).

The id of a message is that of its event, so it is the same at each attempt. The time is that of the attempt: receivers
refuse what is older than a few minutes.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from image_store.domain.webhooks.webhook import SECRET_PREFIX

_VERSION = "v1"


def signed_headers(
    secrets: Sequence[str], *, message_id: str, at: datetime, body: bytes
) -> Mapping[str, str]:
    """The headers that identify a message and sign it with each secret; ValueError for a text that is no secret."""
    seconds = int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError("a secret without its prefix")
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    digest = hmac.digest(key, signed, hashlib.sha256)
    return f"{_VERSION},{base64.b64encode(digest).decode('ascii')}"
