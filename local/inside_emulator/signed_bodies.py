"""Compare a body with its signed hash or with the signatures of its chunks."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

UNSIGNED = "UNSIGNED-PAYLOAD"
UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_AND_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
CHUNK = re.compile(rb"(?P<size>[0-9a-fA-F]{1,12});chunk-signature=(?P<signature>[0-9a-f]{64})")
TRAILER_SIGNATURE = b"x-amz-trailer-signature:"
NOTHING = hashlib.sha256(b"").hexdigest()
SHA256 = re.compile(r"[0-9a-f]{64}")
UNSIGNED_BODY = ("SignatureDoesNotMatch", "The body is not the one that was signed.")

type Problem = tuple[str, str]
"""AWS's error code, and a message."""


def require_signed_body(
    body: bytes, payload: str, *, seed: str, key: bytes, time: str, scope: str, service: str
) -> Problem | None:
    """Return the problem of a body, or None if it matches `payload` and the signature `seed`.

    Only S3 accepts bodies that are not signed or are signed in chunks.
    """
    if SHA256.fullmatch(payload):
        same = hmac.compare_digest(hashlib.sha256(body).hexdigest(), payload)
        return (
            None
            if same
            else ("XAmzContentSHA256Mismatch", "The body does not have the hash that was signed.")
        )
    if service != "s3":
        return "InvalidRequest", "The hash of the body is needed."
    if payload in {UNSIGNED, UNSIGNED_CHUNKS}:
        return None
    if payload not in {SIGNED_CHUNKS, SIGNED_CHUNKS_AND_TRAILER}:
        return "InvalidRequest", "x-amz-content-sha256 is neither a hash nor a way of signing a body."
    chain = _Chain(seed, key=key, time=time, scope=scope)
    try:
        trailer = chain.follow(body)
    except ValueError:
        return UNSIGNED_BODY
    if payload == SIGNED_CHUNKS:
        return None if trailer in {b"", b"\r\n"} else UNSIGNED_BODY
    return None if chain.signs_trailer(trailer) else UNSIGNED_BODY


class _Chain:
    """Signatures of chunks, each of which includes the one before."""

    def __init__(self, seed: str, *, key: bytes, time: str, scope: str) -> None:
        self._last = seed
        self._key = key
        self._time = time
        self._scope = scope

    def follow(self, body: bytes) -> bytes:
        """Verify all chunks and return the rest of the body; ValueError if a chunk is not the one that was signed."""
        position = 0
        for size, start, signature in _chunks(body):
            chunk = body[start : start + size]
            if len(chunk) != size or not self._signs("PAYLOAD", f"{NOTHING}\n{_hash(chunk)}", signature):
                raise ValueError
            position = start + size
        return body[position:]

    def signs_trailer(self, trailer: bytes) -> bool:
        """Return whether the trailer is the one that was signed."""
        lines = trailer.removesuffix(b"\r\n").split(b"\r\n")
        while lines and not lines[-1]:
            lines.pop()
        if not lines or not lines[-1].startswith(TRAILER_SIGNATURE):
            return False
        signature = lines.pop()[len(TRAILER_SIGNATURE) :].strip().decode("latin-1")
        split = (line.partition(b":") for line in lines if line)
        canonical = b"".join(b"%s:%s\n" % (name.strip().lower(), value.strip()) for name, _, value in split)
        return self._signs("TRAILER", _hash(canonical), signature)

    def _signs(self, what: str, text: str, signature: str) -> bool:
        to_sign = "\n".join([f"AWS4-HMAC-SHA256-{what}", self._time, self._scope, self._last, text])
        self._last = hmac.digest(self._key, to_sign.encode("latin-1"), "sha256").hex()
        return hmac.compare_digest(self._last, signature)


def _chunks(body: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield size, start and signature of each chunk; the last one is empty. ValueError if the body is malformed."""
    position = 0
    while True:
        end = body.find(b"\r\n", position)
        match = CHUNK.fullmatch(body, position, end) if end >= 0 else None
        if match is None:
            raise ValueError
        size, start = int(match["size"], 16), end + 2
        yield size, start, match["signature"].decode()
        if size == 0:
            return
        if body[start + size : start + size + 2] != b"\r\n":
            raise ValueError
        position = start + size + 2


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
