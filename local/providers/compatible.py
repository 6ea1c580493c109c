"""Stand-ins for servers that are compatible with OpenAI's images API: LiteLLM, LocalAI and vLLM-Omni.

Each answers as the documentation and the source of that server say. Errors that such a server does not have are missing
in its table. `ProviderUrls` names one of them in place of OpenAI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.providers.openai import OpenAIStandIn
from local.providers.stand_in import DrawingRequest, Failure, StandIn, base64_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def _routes(path: str, *names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("POST", f"{path}/images/{name}") for name in names)


def _litellm(status: int, name: str, *, kind: str | None = None) -> Failure:
    """LiteLLM repeats the status as a text, and names its error at the beginning of the message."""
    message = f"litellm.{name}: {name}: OpenAIException - Refused.. Received Model Group=image"
    return Failure(status, {"error": {"message": message, "type": kind, "param": None, "code": str(status)}})


class _LiteLLM(OpenAIStandIn):
    """A proxy before other providers: base64 beside an empty link, and OpenAI's usage where the provider has one."""

    name = "litellm"
    path = "/litellm/v1"
    routes = _routes(path, "generations", "edits")
    failures = {  # noqa: RUF012 - no code changes it
        "rate_limited": _litellm(429, "RateLimitError", kind="throttling_error"),
        "unavailable": _litellm(503, "ServiceUnavailableError"),
        "refused": _litellm(400, "ContentPolicyViolationError"),
        "bad_key": _litellm(401, "AuthenticationError", kind="auth_error"),
        "no_balance": _litellm(400, "BudgetExceededError", kind="budget_exceeded"),
    }

    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        data = [{"b64_json": base64_text(picture), "revised_prompt": None, "url": None}]
        return web.json_response({"created": 1_790_000_000, "data": data, "usage": None})


def _localai(status: int, message: str) -> Failure:
    return Failure(status, {"error": {"code": status, "message": message, "type": ""}})


class _LocalAI(OpenAIStandIn):
    """Answers with a link to itself, and with counts of text alone. It has no edits."""

    name = "localai"
    path = "/localai/v1"
    routes = _routes(path, "generations")
    failures = {  # noqa: RUF012 - no code changes it
        "unavailable": _localai(500, "could not load model: rpc error: code = Unavailable"),
        "bad_key": _localai(401, "An authentication key is required"),
    }
    always_links = True

    def answer_with_link(self, response: web.Response, link: str) -> web.Response:
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        body = {"created": 1_790_000_000, "id": "1d01c64f", "data": [{"url": link}], "usage": usage}
        return web.json_response(body)


class _VllmOmni(OpenAIStandIn):
    """One model; base64 without usage, and errors in the form of its web framework."""

    name = "vllm"
    path = "/vllm/v1"
    routes = _routes(path, "generations", "edits")
    failures = {  # noqa: RUF012 - no code changes it
        "unavailable": Failure(503, {"detail": "Diffusion engine not initialized."}),
        "bad_key": Failure(401, {"error": "Unauthorized"}),
    }

    def answer(self, request: web.Request, drawing: DrawingRequest, picture: bytes) -> web.Response:
        data = [{"b64_json": base64_text(picture), "url": None, "revised_prompt": None}]
        further: Mapping[str, Any] = {"output_format": None, "size": None} if drawing.references else {}
        return web.json_response({"created": 1_790_000_000, "data": data, **further})


COMPATIBLE: tuple[StandIn, ...] = (_LiteLLM(), _LocalAI(), _VllmOmni())
"""The stand-ins for compatible servers."""
