"""What the emulator answers to: requests to ``localhost``, and never its own unauthenticated levers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOSTS = {"localhost", "127.0.0.1"}
CHECKPOINT_PATH = "/_local/checkpoint"
# They change or wipe the whole state without a signature: any web page the developer visits could call them.
LEVERS = ("/_ministack/reset", "/_ministack/config")


class LocalhostOnly:
    """An ASGI application around MiniStack that refuses foreign host names (DNS rebinding) and the levers.

    ``POST /_local/checkpoint`` saves the whole state before it answers 204; it needs no signature, as it
    changes nothing.
    """

    def __init__(self, app: App, save: Callable[[], None]) -> None:
        self._app = app
        self._save = save

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif not is_local(dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
            await answer(send, 421)
        elif scope["path"].startswith(LEVERS):
            await answer(send, 403)
        elif scope["path"] == CHECKPOINT_PATH and scope["method"] == "POST":
            self._save()
            await answer(send, 204)
        else:
            await self._app(scope, receive, send)


def is_local(host: str) -> bool:
    """Tell whether a Host header names this machine; ``bucket.localhost`` does too."""
    name = host.rpartition(":")[0] if ":" in host else host
    return name in HOSTS or name.endswith(".localhost")


async def answer(send: Send, status: int) -> None:
    """Answer an empty body."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
