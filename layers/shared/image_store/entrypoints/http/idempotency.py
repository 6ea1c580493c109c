"""Idempotency keys of requests: the same key with the same content stores nothing again."""

import hashlib
import hmac
import json
from typing import Any

from image_store.domain.errors import InvalidRequest
from image_store.domain.images.reservation import IdempotencyKey
from image_store.entrypoints.http.request import Request

MAX_KEY_CHARS = 255


def idempotency_of(request: Request, *content: bytes | str) -> IdempotencyKey | None:
    """The request's Idempotency-Key, bound to owner, route and content; None if the request has none.

    That of an upload token is bound to the token too: it finds only images that were uploaded with this token.

    Only the content counts, not its form: the boundary of a form, parameters of a type, and order and spaces of JSON
    or query are ignored. The fingerprint is keyed with the Idempotency-Key, which is not stored, so a reader of the
    fingerprint cannot guess the content by trying.
    """
    key = request.header("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isprintable():
        raise InvalidRequest(f"An Idempotency-Key has 1 to {MAX_KEY_CHARS} printable characters.")
    token = request.caller.upload_token_id
    bound_to = (request.owner, request.route) if token is None else (request.owner, request.route, token)
    name = "\0".join((*bound_to, key))
    fingerprint = hmac.new(key.encode(), None, "sha256")
    for part in content:
        data = part if isinstance(part, bytes) else part.encode()
        fingerprint.update(len(data).to_bytes(8) + data)
    return IdempotencyKey(hashlib.sha256(name.encode()).hexdigest(), fingerprint.hexdigest())


def canonical(value: Any) -> str:
    """The canonical JSON text of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
