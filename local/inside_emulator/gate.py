"""Access to the emulator: only signed requests to this machine, and requests of the stack's front.

A web page can send requests to a port of this machine and guess names. So requests must be signed with a secret that no
page can read. Pages may only follow presigned links of buckets.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from local.inside_emulator.browsers import comes_from_a_page
from local.inside_emulator.refusals import refusal
from local.inside_emulator.signatures import (
    RefusedSignature,
    SecretOf,
    Signature,
    SignedRequest,
    signature_of,
    verify,
)

if TYPE_CHECKING:
    from local.inside_emulator.older_links import OlderLink

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOSTS = {"localhost", "127.0.0.1"}
CHECKPOINT_PATH = "/_local/checkpoint"
FRONT_HEADER = b"x-local-front"
"""Header with the secret of the launcher's requests; functions never see it."""
FRONTS = ("/_aws/execute-api/", "/_aws/lambda-url/")
"""Paths that only the front may call: functions behind HTTP APIs and URLs, which check their callers themselves."""
REFUSED, FAILED = 400, 500
NOT_NOW = b'{"message":"Service Unavailable"}'
READING = {"GET", "HEAD", "OPTIONS"}
WRITES = ("Put", "Update", "Delete", "BatchWrite", "TransactWrite")


class Gate:
    """An ASGI application around MiniStack that passes on signed requests and requests of the front.

    ``POST /_local/checkpoint`` saves the whole state before it answers 204. While ``fault`` returns a reason why the
    state cannot be saved, writes get 503.
    """

    def __init__(
        self,
        app: App,
        *,
        save: Callable[[], None],
        front_secret: str,
        secret_of: SecretOf,
        fault: Callable[[], str | None],
        is_bucket: Callable[[str, str], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._app = app
        self._save = save
        self._front_secret = front_secret.encode()
        self._secret_of = secret_of
        self._fault = fault
        self._is_bucket = is_bucket
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or respond here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._http(scope, receive, without_cors(send))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        hosts = [value for name, value in scope["headers"] if name.lower() == b"host"]
        if len(hosts) != 1 or not is_local(hosts[0].decode("latin-1")):
            await answer(send, 421)
        elif self._is_front(scope):
            await self._from_front(scope, receive, send)
        elif headers.get("origin") is not None and scope["method"] == "OPTIONS":
            await self._preflight(scope, receive, send, host=headers["host"])
        else:
            await self._signed(scope, receive, send, from_page=comes_from_a_page(headers))

    def _is_front(self, scope: Scope) -> bool:
        secrets = [value for name, value in scope["headers"] if name.lower() == FRONT_HEADER]
        return len(secrets) == 1 and hmac.compare_digest(secrets[0], self._front_secret)

    async def _from_front(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the launcher's requests: calls of functions, and full saves."""
        method, path = scope["method"], scope["path"]
        if path == CHECKPOINT_PATH and method == "POST":
            self._save()
            await answer(send, 503 if self._fault() else 204)
        elif not path.startswith(FRONTS):
            await answer(send, 403)
        elif method not in READING and self._fault():
            await unavailable(send, NOT_NOW)
        else:
            known = [pair for pair in scope["headers"] if pair[0].lower() != FRONT_HEADER]
            answering = self._unless_lost(keeping_cors(send), is_write=method not in READING, body=NOT_NOW)
            await self._app({**scope, "headers": known}, receive, answering)

    async def _preflight(self, scope: Scope, receive: Receive, send: Send, *, host: str) -> None:
        """Let the bucket answer which pages may follow a presigned link; preflights are never signed."""
        try:
            signature = signature_of(request_of(scope))
        except RefusedSignature:
            signature = None
        if signature is None or not is_link(signature) or not self._is_bucket(host, scope["path"]):
            await answer(send, 403)
        else:
            await self._app(scope, receive, keeping_cors(send))

    async def _signed(self, scope: Scope, receive: Receive, send: Send, *, from_page: bool) -> None:
        request = request_of(scope)
        try:
            signature = acceptable_signature(request, from_page=from_page)
            if signature.is_presigned:
                # Before the body, which is not signed, is read: otherwise any page could send a body of any size.
                verify(request, signature, b"", secret_of=self._secret_of, now=self._now())
            body = await whole_body(receive)
            if body is None:
                return
            verify(request, signature, body, secret_of=self._secret_of, now=self._now())
        except RefusedSignature as error:
            await refusal(send, error)
            return
        answering = send_for_link(send) if is_link(signature) else send
        if writes(signature, request):
            if self._fault():
                await unavailable(send)
                return
            answering = self._unless_lost(answering, is_write=True)
        await self._app(scope, replay(body, receive), answering)

    def _unless_lost(self, send: Send, *, is_write: bool, body: bytes = b"") -> Send:
        """Return a `send` that sends 503 if a write did not reach the disk or a function could not start."""
        is_lost = False

        async def send_checked(message: Message) -> None:
            nonlocal is_lost
            if message["type"] == "http.response.start" and self._fault():
                status = message["status"]
                is_lost = status >= FAILED or (is_write and status < REFUSED)
                if is_lost:
                    await unavailable(send, body)
            if not is_lost:
                await send(message)

        return send_checked


def request_of(scope: Scope) -> SignedRequest:
    """Return a request as the client sent it."""
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode()
    return SignedRequest(
        scope["method"],
        raw_path.decode("latin-1"),
        scope.get("query_string", b"").decode("latin-1"),
        scope["headers"],
    )


def acceptable_signature(request: SignedRequest, *, from_page: bool) -> Signature | OlderLink:
    """Return the signature of a request if it may be verified; raises RefusedSignature otherwise."""
    signature = signature_of(request)
    if signature is None:
        raise RefusedSignature("MissingAuthenticationToken", "Missing Authentication Token")
    if (from_page or signature.is_presigned) and not is_link(signature):
        raise RefusedSignature("AccessDenied", "A web page may only follow presigned links of buckets.")
    if unquote(request.path).startswith("/_"):
        raise RefusedSignature("AccessDenied", "No such address.", service=signature.service)
    return signature


def is_link(signature: Signature | OlderLink) -> bool:
    """Return whether a signature is that of a presigned link of a bucket."""
    return signature.is_presigned and signature.service == "s3"


def writes(signature: Signature | OlderLink, request: SignedRequest) -> bool:
    """Return whether a call stores or deletes an object or a row."""
    if signature.service == "s3":
        return request.method not in READING
    action = request.value("x-amz-target").rpartition(".")[2]
    return signature.service == "dynamodb" and action.startswith(WRITES)


def is_local(host: str) -> bool:
    """Return whether a Host header names this machine, such as ``localhost`` or ``bucket.localhost``."""
    name, colon, port = host.lower().partition(":")
    return (not colon or port.isdigit()) and (name in HOSTS or name.endswith(".localhost"))


async def whole_body(receive: Receive) -> bytes | None:
    """Read a request's body; None if the client disconnected."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that returns a body that was already read, and then later messages."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def without_cors(send: Send) -> Send:
    """Return a `send` without MiniStack's CORS headers, which would let every page read every response."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start" and not message.pop("cors_is_meant", False):
            other_headers = [
                pair
                for pair in message.get("headers", [])
                if not pair[0].lower().startswith(b"access-control-")
            ]
            closed = [
                (b"cross-origin-resource-policy", b"same-origin"),
                (b"x-content-type-options", b"nosniff"),
            ]
            message = {**message, "headers": [*other_headers, *closed]}
        await send(message)

    return guarded


def keeping_cors(send: Send) -> Send:
    """Return a `send` with the CORS headers of the bucket or the API."""

    async def shown(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "cors_is_meant": True}
        await send(message)

    return shown


def send_for_link(send: Send) -> Send:
    """Return a `send` for presigned links: with the bucket's CORS headers, cached separately for each origin."""
    send_with_cors = keeping_cors(send)

    async def varied(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"vary", b"Origin")]}
        await send_with_cors(message)

    return varied


async def answer(send: Send, status: int, *headers: tuple[bytes, bytes], body: bytes = b"") -> None:
    """Respond without MiniStack."""
    all_headers = [(b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})


async def unavailable(send: Send, body: bytes = b"") -> None:
    """Respond that nothing can be stored now."""
    await answer(send, 503, (b"retry-after", b"2"), (b"content-type", b"application/json"), body=body)
