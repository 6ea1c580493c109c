"""Stands in for OpenAI's images API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from local.providers.stand_in import DrawingRequest, Failure, StandIn, base64_text, bearer

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKENS_BY_QUALITY = {"low": 196, "medium": 439, "high": 1_756, "xhigh": 3_122, "max": 7_024}
_TOKENS_OF_A_REFERENCE = 1_500


def _failure(
    status: int, kind: str, code: str | None, message: str, headers: Mapping[str, str] | None = None
) -> Failure:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Failure(status, {"error": error}, headers or {})


class OpenAIStandIn(StandIn):
    """OpenAI itself; compatible servers differ in their answers and errors."""

    name = "openai"
    path = "/openai/v1"
    routes: tuple[tuple[str, str], ...] = (
        ("POST", "/openai/v1/images/generations"),
        ("POST", "/openai/v1/images/edits"),
    )
    variables = ("OPENAI_API_KEY",)
    url_variable = "OPENAI_BASE_URL"
    failures = {  # noqa: RUF012 - no code changes it
        "rate_limited": _failure(
            429, "requests", "rate_limit_exceeded", "Rate limit reached.", {"Retry-After": "2"}
        ),
        "unavailable": _failure(503, "server_error", None, "The engine is currently overloaded."),
        "refused": _failure(
            400, "image_generation_user_error", "moderation_blocked", "Your request was rejected."
        ),
        "bad_key": _failure(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        "no_balance": _failure(
            429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."
        ),
    }

    async def read(self, request: web.Request) -> DrawingRequest:
        if request.content_type == "application/json":
            body, references = await request.json(), 0
        else:
            form = await request.post()
            body = {name: value for name, value in form.items() if isinstance(value, str)}
            references = len(form) - len(body)
        width, _, height = str(body.get("size", "1024x1024")).partition("x")
        output_format = body.get("output_format", "png")
        is_transparent = body.get("background") == "transparent"
        return DrawingRequest(
            prompt=body.get("prompt", ""),
            key=bearer(request),
            width=int(width),
            height=int(height),
            media_format=output_format.upper(),
            is_transparent=is_transparent,
            references=references,
            options={
                "quality": body.get("quality"),
                "size": body.get("size"),
                "background": "transparent" if is_transparent else "opaque",
                "output_format": output_format,
            },
        )

    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        text_tokens = len(drawing.prompt) // 4 + 1
        image_tokens = _TOKENS_OF_A_REFERENCE * drawing.references
        quality = drawing.options["quality"]
        output_tokens = _TOKENS_BY_QUALITY.get(quality or "", 439)
        return web.json_response(
            {
                "created": 1_790_000_000,
                "data": [{"b64_json": base64_text(picture)}],
                "background": drawing.options["background"],
                "output_format": drawing.options["output_format"],
                "quality": quality or "medium",
                "size": drawing.options["size"],
                "usage": {
                    "input_tokens": text_tokens + image_tokens,
                    "input_tokens_details": {"text_tokens": text_tokens, "image_tokens": image_tokens},
                    "output_tokens": output_tokens,
                    "output_tokens_details": {"text_tokens": 0, "image_tokens": output_tokens},
                    "total_tokens": text_tokens + image_tokens + output_tokens,
                },
            }
        )

    def answer_with_link(self, response: web.Response, link: str) -> web.Response:
        body = json.loads(response.text or "")
        return web.json_response(body | {"data": [{"url": link}]})


STAND_IN = OpenAIStandIn()
