"""Providers of images for one machine: four wire formats, a real picture for every prompt, and failures on demand.

A failure is asked for in a prompt, as ``[[rate_limited]]``, ``[[dead@openai]]`` (of one provider) or
``[[unavailable*2]]`` (so many times for this prompt), or for all requests with ``PUT /control``:
``{"openai": {"mode": "dead", "times": 3}}``; ``{}`` ends it. ``GET /control`` tells what was asked and drawn.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import random
import re
import textwrap
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from PIL import Image, ImageDraw, ImageFont

from local.host_check import localhost_only
from local.page_check import programs_only

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

MODES = (
    "slow",
    "rate_limited",
    "unavailable",
    "refused",
    "bad_key",
    "no_balance",
    "truncated",
    "garbled",
    "dead",
    "odd",
    "link",
)
"""`odd` is a good picture beside a usage that cannot be read; `link` names it, as older models of OpenAI do."""
KEY = "local"
"""The one key that is good here."""
SECONDS = 0.5
"""What a picture takes."""
SLOW_SECONDS = 8.0
TOLD = re.compile(r"\[\[(?P<mode>[a-z_]+)(?:@(?P<provider>[a-z]+))?(?:\*(?P<times>[0-9]+))?\]\]")
MAX_SIDE = 2048
MOST_LINKED = 20
"""Pictures that links lead to; the oldest are forgotten."""


@dataclass(frozen=True)
class Failure:
    """An error in a provider's own words."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


class Providers:
    """All four, with what they were told and what they were asked."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._told: dict[str, dict[str, Any]] = {}
        self._times: Counter[tuple[str, str, str]] = Counter()
        self._linked: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.drawn: Counter[str] = Counter()

    def application(self) -> web.Application:
        """Answer the HTTP application; each provider has a folder of its own."""
        application = web.Application(
            middlewares=[localhost_only, programs_only], client_max_size=64 * 1024 * 1024
        )
        router = application.router
        router.add_get("/control", self._tell)
        router.add_put("/control", self._listen)
        router.add_post("/google/{version}/models/{model}:generateContent", self._google)
        router.add_post("/openai/v1/images/generations", self._openai)
        router.add_post("/openai/v1/images/edits", self._openai)
        router.add_get("/openai/pictures/{name}", self._picture)
        router.add_post("/cloudflare/client/v4/accounts/{account}/ai/run/{model:.+}", self._cloudflare)
        router.add_get("/pollinations/image/{prompt:.+}", self._pollinations)
        return application

    async def _tell(self, _: web.Request) -> web.Response:
        told = {"told": self._told, "asked": dict(self.asked), "drawn": dict(self.drawn)}
        return web.json_response(told)

    async def _listen(self, request: web.Request) -> web.Response:
        said = await request.json()
        modes = [told.get("mode") for told in said.values()]
        if not set(modes) <= set(MODES):
            return web.json_response({"error": f"The modes are {', '.join(MODES)}."}, status=400)
        self._told = said
        return web.json_response(self._told)

    def _mode(self, provider: str, prompt: str) -> str | None:
        """Answer how this request is to fail, if it is."""
        for said in TOLD.finditer(prompt):
            if said["provider"] in {None, provider} and said["mode"] in MODES:
                if said["times"] is None:
                    return said["mode"]
                so_far = (provider, prompt, said["mode"])
                self._times[so_far] += 1
                if self._times[so_far] <= int(said["times"]):
                    return said["mode"]
        told = self._told.get(provider)
        if told is None:
            return None
        if "times" in told:
            if told["times"] <= 0:
                return None
            told["times"] -= 1
        mode: str = told["mode"]
        return mode

    async def _serve(
        self,
        request: web.Request,
        provider: str,
        prompt: str,
        *,
        key: str,
        refusals: Mapping[str, Failure],
        answer: Callable[[], Awaitable[web.Response] | web.Response],
    ) -> web.StreamResponse:
        self.asked[provider] += 1
        mode = self._mode(provider, prompt) if key == KEY else "bad_key"
        if mode == "dead":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        refusal = refusals.get(mode or "")
        if refusal is not None:
            return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)
        await asyncio.sleep(SLOW_SECONDS if mode == "slow" else self._seconds)
        made = answer()
        whole = made if isinstance(made, web.Response) else await made
        self.drawn[provider] += 1
        if mode == "truncated":
            return await cut_short(request, whole)
        if mode == "odd":
            return with_odd_usage(whole)
        if mode == "link" and provider == "openai":
            return self._by_link(request, whole)
        return whole

    def _by_link(self, request: web.Request, whole: web.Response) -> web.Response:
        """Answer a link to the picture in place of the picture."""
        said = json.loads(whole.text or "")
        picture = base64.b64decode(said["data"][0]["b64_json"])
        name = hashlib.sha256(picture).hexdigest()
        self._linked[name] = picture
        while len(self._linked) > MOST_LINKED:
            del self._linked[next(iter(self._linked))]
        said["data"] = [{"url": f"http://{request.host}/openai/pictures/{name}"}]
        return web.json_response(said)

    async def _picture(self, request: web.Request) -> web.Response:
        found = self._linked.get(request.match_info["name"])
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found, content_type="application/octet-stream")

    async def _google(self, request: web.Request) -> web.StreamResponse:
        said = await request.json()
        parts = [part for content in said.get("contents", []) for part in content.get("parts", [])]
        prompt = " ".join(part["text"] for part in parts if "text" in part)
        shape = said.get("generationConfig", {}).get("imageConfig", {})
        width, height = google_size(shape.get("aspectRatio", "1:1"), shape.get("imageSize", "1K"))

        def answer() -> web.Response:
            picture = drawn(prompt, seed=random.randrange(2**31), width=width, height=height, form="PNG")  # noqa: S311
            encoded = self._encoded(prompt, "google", picture)
            words, references = len(prompt) // 4 + 1, sum("inlineData" in part for part in parts)
            incoming = [{"modality": "TEXT", "tokenCount": words}]
            if references:
                incoming.append({"modality": "IMAGE", "tokenCount": 1120 * references})
            return web.json_response(
                {
                    "candidates": [
                        {
                            "content": {
                                "role": "model",
                                "parts": [{"inlineData": {"mimeType": "image/png", "data": encoded}}],
                            },
                            "finishReason": "STOP",
                            "index": 0,
                        }
                    ],
                    "usageMetadata": {
                        "promptTokenCount": words + 1120 * references,
                        "candidatesTokenCount": 1120,
                        "totalTokenCount": words + 1120 * references + 1120,
                        "promptTokensDetails": incoming,
                        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
                    },
                    "modelVersion": request.match_info["model"],
                }
            )

        key = request.headers.get("x-goog-api-key", "")
        return await self._serve(request, "google", prompt, key=key, refusals=GOOGLE, answer=answer)

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        if request.content_type == "application/json":
            said, references = await request.json(), 0
        else:
            form = await request.post()
            said = {name: value for name, value in form.items() if isinstance(value, str)}
            references = len(form) - len(said)
        prompt = said.get("prompt", "")
        width, _, height = str(said.get("size", "1024x1024")).partition("x")

        def answer() -> web.Response:
            picture = drawn(
                prompt,
                seed=random.randrange(2**31),  # noqa: S311
                width=int(width),
                height=int(height),
                form="PNG",
            )
            words, tokens = len(prompt) // 4 + 1, OPENAI_TOKENS.get(said.get("quality", ""), 439)
            return web.json_response(
                {
                    "created": 1_790_000_000,
                    "data": [{"b64_json": self._encoded(prompt, "openai", picture)}],
                    "output_format": "png",
                    "quality": said.get("quality", "medium"),
                    "size": said.get("size"),
                    "usage": {
                        "input_tokens": words + 1500 * references,
                        "input_tokens_details": {"text_tokens": words, "image_tokens": 1500 * references},
                        "output_tokens": tokens,
                        "output_tokens_details": {"text_tokens": 0, "image_tokens": tokens},
                        "total_tokens": words + 1500 * references + tokens,
                    },
                }
            )

        key = bearer(request)
        return await self._serve(request, "openai", prompt, key=key, refusals=OPENAI, answer=answer)

    async def _cloudflare(self, request: web.Request) -> web.StreamResponse:
        said = await request.json()
        prompt, seed = said.get("prompt", ""), said.get("seed", random.randrange(2**31))  # noqa: S311
        width, height = said.get("width", 1024), said.get("height", 1024)

        def answer() -> web.Response:
            picture = drawn(prompt, seed=seed, width=width, height=height, form="JPEG")
            if "flux" not in request.match_info["model"]:
                return web.Response(body=picture, content_type="image/jpeg")
            image = self._encoded(prompt, "cloudflare", picture)
            return web.json_response(
                {"result": {"image": image}, "success": True, "errors": [], "messages": []}
            )

        key = bearer(request)
        return await self._serve(request, "cloudflare", prompt, key=key, refusals=CLOUDFLARE, answer=answer)

    async def _pollinations(self, request: web.Request) -> web.StreamResponse:
        prompt, query = request.match_info["prompt"], request.query
        seed = int(query.get("seed", "-1"))

        def answer() -> web.Response:
            picture = drawn(
                prompt,
                seed=seed if seed >= 0 else random.randrange(2**31),  # noqa: S311
                width=int(query.get("width", "1024")),
                height=int(query.get("height", "1024")),
                form="JPEG",
            )
            headers = {"x-usage-completion-image-tokens": "1", "x-model-used": query.get("model", "flux")}
            garbled = any(told["mode"] == "garbled" for told in TOLD.finditer(prompt))
            body = b"not a picture" if garbled else picture
            return web.Response(body=body, content_type="image/jpeg", headers=headers)

        key = bearer(request)
        return await self._serve(
            request, "pollinations", prompt, key=key, refusals=POLLINATIONS, answer=answer
        )

    def _encoded(self, prompt: str, provider: str, picture: bytes) -> str:
        """Answer a picture as base64; what is no picture, where that was asked for."""
        for told in TOLD.finditer(prompt):
            if told["mode"] == "garbled" and told["provider"] in {None, provider}:
                picture = b"not a picture"
        return base64.b64encode(picture).decode("ascii")


def bearer(request: web.Request) -> str:
    """Answer the key that a request came with."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def with_odd_usage(whole: web.Response) -> web.Response:
    """Put counts of other types than documented into an answer."""
    if whole.content_type != "application/json":
        whole.headers["x-usage-completion-image-tokens"] = "None"
        return whole
    said = json.loads(whole.text or "")
    odd = {"input_tokens": None, "output_tokens": "many", "candidatesTokenCount": 1.5}
    return web.json_response(said | {"usage": odd, "usageMetadata": odd})


async def cut_short(request: web.Request, whole: web.Response) -> web.StreamResponse:
    """Send the first half of an answer, and hang up."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    partial = web.StreamResponse(
        headers={"Content-Type": whole.content_type, "Content-Length": str(len(body))}
    )
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return partial


def google_size(ratio: str, size: str) -> tuple[int, int]:
    """Answer the pixels of Google's names for shapes; no larger than a laptop draws quickly."""
    across, _, down = ratio.partition(":")
    side = {"1K": 1024, "2K": 2048}.get(size, 2048)
    scale = side / (int(across) * int(down)) ** 0.5
    return round(int(across) * scale), round(int(down) * scale)


def drawn(prompt: str, *, seed: int, width: int, height: int, form: str) -> bytes:
    """Draw a picture that depends on prompt, seed and size alone."""
    width, height = (max(16, min(side, MAX_SIDE)) for side in (width, height))
    digest = hashlib.sha256(f"{seed}\0{prompt}".encode()).digest()
    dice = random.Random(digest)  # noqa: S311 - pictures need no secrecy
    colours = [tuple(dice.randrange(30, 226) for _ in range(3)) for _ in range(4)]
    picture = Image.new("RGB", (2, 2))
    picture.putdata(colours)
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture, "RGBA")
    for _ in range(dice.randrange(5, 12)):
        x, y = dice.randrange(width), dice.randrange(height)
        radius = dice.randrange(min(width, height) // 20 + 1, min(width, height) // 4 + 2)
        colour = tuple(dice.randrange(256) for _ in range(3))
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, 120))
    size = max(12, width // 28)
    lines = textwrap.wrap(TOLD.sub("", prompt), width=36)[:6]
    text = "\n".join(lines).encode("latin-1", "replace").decode("latin-1")
    font = ImageFont.load_default(size)
    pen.multiline_text(
        (width // 20, height // 20), text, fill="white", font=font, stroke_width=2, stroke_fill="black"
    )
    out = io.BytesIO()
    picture.save(out, form, **({"quality": 88} if form == "JPEG" else {}))
    return out.getvalue()


OPENAI_TOKENS = {"low": 196, "medium": 439, "high": 1_756, "xhigh": 3_122, "max": 7_024}


def _google(status: int, name: str, message: str, *details: dict[str, Any]) -> Failure:
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return Failure(status, {"error": error})


def _openai(
    status: int, kind: str, code: str | None, message: str, headers: Mapping[str, str] | None = None
) -> Failure:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return Failure(status, {"error": error}, headers or {})


def _cloudflare(status: int, code: int, message: str) -> Failure:
    errors = [{"message": message, "code": code}]
    return Failure(status, {"result": None, "success": False, "errors": errors, "messages": []})


def _pollinations(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Failure:
    error = {"message": message, "code": code, "timestamp": "2026-11-21T12:00:00.000Z"}
    return Failure(status, {"success": False, "error": error, "status": status}, headers or {})


_RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2s"}
_INVALID_KEY = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "API_KEY_INVALID",
    "domain": "googleapis.com",
}
GOOGLE = {
    "rate_limited": _google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", _RETRY_INFO),
    "unavailable": _google(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "refused": Failure(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}),
    "bad_key": _google(400, "INVALID_ARGUMENT", "API key not valid.", _INVALID_KEY),
    "no_balance": _google(400, "FAILED_PRECONDITION", "Please enable billing on project."),
}
OPENAI = {
    "rate_limited": _openai(
        429, "requests", "rate_limit_exceeded", "Rate limit reached.", {"Retry-After": "2"}
    ),
    "unavailable": _openai(503, "server_error", None, "The engine is currently overloaded."),
    "refused": _openai(
        400, "image_generation_user_error", "moderation_blocked", "Your request was rejected."
    ),
    "bad_key": _openai(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "no_balance": _openai(
        429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."
    ),
}
CLOUDFLARE = {
    "rate_limited": _cloudflare(429, 3040, "No more data centers to forward the request to"),
    "unavailable": _cloudflare(500, 5000, "Internal server error"),
    "refused": _cloudflare(400, 3030, "Input prompt contains NSFW content."),
    "bad_key": _cloudflare(401, 10000, "Authentication error"),
    "no_balance": _cloudflare(429, 3036, "You have used up your daily free allocation of 10,000 neurons."),
}
POLLINATIONS = {
    "rate_limited": _pollinations(429, "RATE_LIMITED", "Too many requests.", {"Retry-After": "2"}),
    "unavailable": _pollinations(502, "UNKNOWN_ERROR", "Image provider error."),
    "refused": _pollinations(400, "BAD_REQUEST", "The prompt was blocked by content policy."),
    "bad_key": _pollinations(401, "UNAUTHORIZED", "Authentication required."),
    "no_balance": _pollinations(402, "PAYMENT_REQUIRED", "Insufficient balance."),
}
