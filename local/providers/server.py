"""Serves the stand-ins: draws pictures, fails on demand, and shows its counts.

``GET /control`` shows the current control document and the counts; ``PUT /control`` replaces the document. `modes`
describes it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections import Counter
from typing import TYPE_CHECKING

from aiohttp import web

from local.host_check import localhost_only
from local.page_check import programs_only
from local.providers import STAND_INS
from local.providers.compatible import COMPATIBLE
from local.providers.drawings import draw
from local.providers.modes import MODES, FailureModes, is_garbled
from local.providers.stand_in import KEY, DrawingRequest, StandIn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = 0.5
"""The time that one picture takes."""
LONGER_SECONDS = {"slow": 8.0, "very_slow": 60.0}
MAX_LINKED_PICTURES = 20
"""Pictures behind links; older ones are removed."""


class ProviderServer:
    """All stand-ins behind one HTTP application."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._modes = FailureModes()
        self._linked_pictures: dict[str, bytes] = {}
        self._requests: Counter[str] = Counter()
        self._drawings: Counter[str] = Counter()

    def application(self) -> web.Application:
        """The HTTP application; each stand-in has a folder of its own."""
        application = web.Application(
            middlewares=[localhost_only, programs_only], client_max_size=64 * 1024 * 1024
        )
        router = application.router
        router.add_get("/control", self._show_control)
        router.add_put("/control", self._replace_control)
        router.add_get("/pictures/{name}", self._linked_picture)
        for stand_in in (*STAND_INS, *COMPATIBLE):
            for method, path in stand_in.routes:
                router.add_route(method, path, self._handler(stand_in))
        return application

    async def _show_control(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "control": self._modes.control,
                "requests": dict(self._requests),
                "drawings": dict(self._drawings),
            }
        )

    async def _replace_control(self, request: web.Request) -> web.Response:
        control = await request.json()
        modes = [entry.get("mode") for entry in control.values()]
        if not set(modes) <= set(MODES):
            return web.json_response({"error": f"The modes are {', '.join(MODES)}."}, status=400)
        self._modes.control = control
        return web.json_response(control)

    def _handler(self, stand_in: StandIn) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(stand_in, request)

        return handle

    async def _serve(self, stand_in: StandIn, request: web.Request) -> web.StreamResponse:
        drawing = await stand_in.read(request)
        self._requests[stand_in.name] += 1
        mode = self._modes.mode(stand_in.name, drawing.prompt) if drawing.key == KEY else "bad_key"
        if mode == "dead":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        failure = stand_in.failures.get(mode or "")
        if failure is not None:
            return web.json_response(failure.body, status=failure.status, headers=failure.headers)
        await asyncio.sleep(LONGER_SECONDS.get(mode or "", self._seconds))
        picture = _picture(stand_in, drawing)
        response = stand_in.answer(request, drawing, picture)
        self._drawings[stand_in.name] += 1
        if mode == "truncated":
            return await _send_half(request, response)
        if mode == "odd":
            return _with_odd_usage(response)
        if mode == "link" or stand_in.always_links:
            return stand_in.answer_with_link(response, self._link_to(picture, request)) or response
        return response

    def _link_to(self, picture: bytes, request: web.Request) -> str:
        """The address at which a picture can be read from now on."""
        name = hashlib.sha256(picture).hexdigest()
        self._linked_pictures[name] = picture
        while len(self._linked_pictures) > MAX_LINKED_PICTURES:
            del self._linked_pictures[next(iter(self._linked_pictures))]
        return f"http://{request.host}/pictures/{name}"

    async def _linked_picture(self, request: web.Request) -> web.Response:
        picture = self._linked_pictures.get(request.match_info["name"])
        if picture is None:
            return web.Response(status=404)
        return web.Response(body=picture, content_type="application/octet-stream")


def _picture(stand_in: StandIn, drawing: DrawingRequest) -> bytes:
    if is_garbled(stand_in.name, drawing.prompt):
        return b"not a picture"
    return draw(
        drawing.prompt,
        seed=random.randrange(2**31) if drawing.seed is None else drawing.seed,  # noqa: S311
        width=drawing.width,
        height=drawing.height,
        media_format=drawing.media_format,
        is_transparent=drawing.is_transparent,
    )


def _with_odd_usage(response: web.Response) -> web.Response:
    """The same response with usage counts of other types than documented."""
    if response.content_type != "application/json":
        response.headers["x-usage-completion-image-tokens"] = "None"
        return response
    odd = {"input_tokens": None, "output_tokens": "many", "candidatesTokenCount": 1.5}
    return web.json_response(json.loads(response.text or "") | {"usage": odd, "usageMetadata": odd})


async def _send_half(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the first half of a response and close the connection."""
    body = response.body if isinstance(response.body, bytes) else b""
    partial = web.StreamResponse(
        headers={"Content-Type": response.content_type, "Content-Length": str(len(body))}
    )
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return partial
