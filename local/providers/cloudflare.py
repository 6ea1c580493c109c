"""Stands in for Cloudflare Workers AI: an envelope around base64, or bare bytes."""

from __future__ import annotations

from aiohttp import web

from local.providers.stand_in import DrawingRequest, Failure, StandIn, base64_text, bearer


def _failure(status: int, code: int, message: str) -> Failure:
    errors = [{"message": message, "code": code}]
    return Failure(status, {"result": None, "success": False, "errors": errors, "messages": []})


class _Cloudflare(StandIn):
    name = "cloudflare"
    path = "/cloudflare"
    routes = (("POST", "/cloudflare/client/v4/accounts/{account}/ai/run/{model:.+}"),)
    variables = ("CLOUDFLARE_API_TOKEN",)
    account_variable = "CLOUDFLARE_ACCOUNT_ID"
    failures = {  # noqa: RUF012 - no code changes it
        "rate_limited": _failure(429, 3040, "No more data centers to forward the request to"),
        "unavailable": _failure(500, 5000, "Internal server error"),
        "refused": _failure(400, 3030, "AiError: AiError: Input prompt contains NSFW content"),
        "bad_key": _failure(401, 10000, "Authentication error"),
        "no_balance": _failure(429, 3036, "You have used up your daily free allocation of 10,000 neurons."),
    }

    async def read(self, request: web.Request) -> DrawingRequest:
        body = await request.json()
        return DrawingRequest(
            prompt=body.get("prompt", ""),
            key=bearer(request),
            seed=body.get("seed"),
            width=body.get("width", 1024),
            height=body.get("height", 1024),
            media_format="JPEG" if _is_flux(request) else "PNG",
        )

    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        if not _is_flux(request):
            return web.Response(body=picture, content_type="image/png")
        result = {"image": base64_text(picture)}
        return web.json_response({"result": result, "success": True, "errors": [], "messages": []})


def _is_flux(request: web.Request) -> bool:
    return "flux" in request.match_info["model"]


STAND_IN = _Cloudflare()
