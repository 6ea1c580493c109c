"""Answer to ``localhost`` alone: no web page may reach the stack under a name of its own (DNS rebinding)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def localhost_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse every request whose Host header is not ``localhost``."""
    refusal = refusal_of_host(request.headers.get("Host"))
    if refusal:
        return web.json_response({"message": f"This address is {own_address(request)}"}, status=refusal)
    return await handler(request)


def own_address(request: web.Request) -> str:
    """Answer the address that a browser has to use, with the port that this server listens on."""
    socket_name = request.get_extra_info("sockname")
    return f"http://localhost:{socket_name[1]}" if socket_name else "http://localhost"


def refusal_of_host(host: str | None) -> int | None:
    """Answer 400 for no Host header, 421 (misdirected request) for another name, None when it is fine."""
    if not host:
        return 400
    name, _, port = host.partition(":")
    return None if name.lower() == "localhost" and (not port or port.isdigit()) else 421
