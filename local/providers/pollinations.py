"""Stands in for Pollinations: one GET, the prompt in the path, the picture in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from local.providers.stand_in import DrawingRequest, Failure, StandIn, bearer

if TYPE_CHECKING:
    from collections.abc import Mapping


def _failure(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Failure:
    error = {"message": message, "code": code, "timestamp": "2026-11-21T12:00:00.000Z"}
    return Failure(status, {"success": False, "error": error, "status": status}, headers or {})


class _Pollinations(StandIn):
    name = "pollinations"
    path = "/pollinations"
    routes = (("GET", "/pollinations/image/{prompt:.+}"),)
    variables = ("POLLINATIONS_API_KEY",)
    failures = {  # noqa: RUF012 - no code changes it
        "rate_limited": _failure(429, "RATE_LIMITED", "Too many requests.", {"Retry-After": "2"}),
        "unavailable": _failure(502, "UNKNOWN_ERROR", "Image provider error."),
        "refused": _failure(400, "BAD_REQUEST", "The prompt was blocked by content policy."),
        "bad_key": _failure(401, "UNAUTHORIZED", "Authentication required."),
        "no_balance": _failure(402, "PAYMENT_REQUIRED", "Insufficient balance."),
    }

    async def read(self, request: web.Request) -> DrawingRequest:
        query = request.query
        seed = int(query.get("seed", "-1"))
        return DrawingRequest(
            prompt=request.match_info["prompt"],
            key=bearer(request),
            seed=seed if seed >= 0 else None,
            width=int(query.get("width", "1024")),
            height=int(query.get("height", "1024")),
            media_format="JPEG",
        )

    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        model = request.query.get("model", "flux")
        headers = {"x-usage-completion-image-tokens": "1", "x-model-used": model}
        return web.Response(body=picture, content_type="image/jpeg", headers=headers)


STAND_IN = _Pollinations()
