"""Stands in for Google's Gemini API (generateContent)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from local.providers.stand_in import DrawingRequest, Failure, StandIn, base64_text

_TOKENS_OF_A_PICTURE = 1120


def _failure(status: int, name: str, message: str, *details: dict[str, Any]) -> Failure:
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return Failure(status, {"error": error})


_RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
_INVALID_KEY = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
}


class _Google(StandIn):
    name = "google"
    path = "/google"
    routes = (("POST", "/google/{version}/models/{model}:generateContent"),)
    variables = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    failures = {  # noqa: RUF012 - no code changes it
        "rate_limited": _failure(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", _RETRY_INFO),
        "unavailable": _failure(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        "refused": Failure(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
        "bad_key": _failure(400, "INVALID_ARGUMENT", "API key not valid.", _INVALID_KEY),
        "no_balance": _failure(400, "FAILED_PRECONDITION", "Please enable billing on project."),
    }

    async def read(self, request: web.Request) -> DrawingRequest:
        body = await request.json()
        parts = [part for content in body.get("contents", []) for part in content.get("parts", [])]
        shape = body.get("generationConfig", {}).get("imageConfig", {})
        width, height = _size(shape.get("aspectRatio", "1:1"), shape.get("imageSize", "1K"))
        return DrawingRequest(
            prompt=" ".join(part["text"] for part in parts if "text" in part),
            key=request.headers.get("x-goog-api-key", ""),
            width=width,
            height=height,
            media_format="JPEG",
            references=sum("inlineData" in part for part in parts),
        )

    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        text_tokens = len(drawing.prompt) // 4 + 1
        image_tokens = _TOKENS_OF_A_PICTURE * drawing.references
        prompt_details = [{"modality": "TEXT", "tokenCount": text_tokens}]
        if image_tokens:
            prompt_details.append({"modality": "IMAGE", "tokenCount": image_tokens})
        data = {"mimeType": "image/jpeg", "data": base64_text(picture)}
        content = {"role": "model", "parts": [{"inlineData": data}]}
        return web.json_response(
            {
                "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
                "usageMetadata": {
                    "promptTokenCount": text_tokens + image_tokens,
                    "candidatesTokenCount": _TOKENS_OF_A_PICTURE,
                    "totalTokenCount": text_tokens + image_tokens + _TOKENS_OF_A_PICTURE,
                    "promptTokensDetails": prompt_details,
                    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": _TOKENS_OF_A_PICTURE}],
                },
                "modelVersion": request.match_info["model"],
            }
        )


def _size(ratio: str, size: str) -> tuple[int, int]:
    """The pixels of Google's names for shapes, limited to what a laptop draws quickly."""
    across, _, down = ratio.partition(":")
    side = {"1K": 1024, "2K": 2048}.get(size, 2048)
    scale = side / (int(across) * int(down)) ** 0.5
    return round(int(across) * scale), round(int(down) * scale)


STAND_IN = _Google()
