"""Serve only requests to ``localhost``: no web page may reach the stack under its own name (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def localhost_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse every request whose Host header is not ``localhost``."""
    refusal = refusal_of_host(request.headers.get("Host"))
    if refusal:
        return web.json_response({"message": f"Use the address {own_address(request)}"}, status=refusal)
    return await handler(request)


def own_address(request: web.Request) -> str:
    """Return the address that a browser must use, with this server's port."""
    socket_name = request.get_extra_info("sockname")
    return f"http://localhost:{socket_name[1]}" if socket_name else "http://localhost"


def refusal_of_host(host: str | None) -> int | None:
    """Return 400 without a Host header, 421 (misdirected request) for another name, None if the host is allowed."""
    if not host:
        return 400
    name, _, port = host.partition(":")
    return None if name.lower() == "localhost" and (not port or port.isdigit()) else 421
