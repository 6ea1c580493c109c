"""OpenAI's image models through its SDK, and services that are compatible with its API.

What compatible services answer is taken from the documentation and source of LiteLLM, LocalAI and vLLM-Omni, whose
stand-ins are in `local/providers/compatible.py`. Another image store may be such a service too.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from image_store.adapters.providers.adapter import ProviderAdapter, Refusal
from image_store.adapters.providers.failures import check_key, reason_of, wait_in
from image_store.adapters.providers.plain_http import Answer
from image_store.adapters.providers.sdk import SdkExchange
from image_store.domain.generation.providers import ImageRequest, ProviderKey, ProviderPicture, Reason, Unit

_BY_CODE = {
    "moderation_blocked": Reason.REFUSED,
    "content_policy_violation": Reason.REFUSED,
    "content_filter": Reason.REFUSED,
    "contentFilter": Reason.REFUSED,
    "content_refused": Reason.REFUSED,
    "insufficient_quota": Reason.NO_BALANCE,
    "budget_exceeded": Reason.NO_BALANCE,
    "quota_exceeded": Reason.NO_BALANCE,
    "billing_hard_limit_reached": Reason.NO_BALANCE,
    "billing_not_active": Reason.NO_BALANCE,
    "model_not_found": Reason.NO_MODEL,
    "invalid_api_key": Reason.BAD_KEY,
    "account_deactivated": Reason.BAD_KEY,
}
"""Codes and types of OpenAI and Azure, of LiteLLM (`budget_exceeded`), and of an image store."""
_LITELLM_REFUSAL = re.compile(r"(?:litellm\.\w{1,50}: ){0,5}litellm\.ContentPolicyViolationError")
"""LiteLLM documents that its messages begin with the name of the error; its `code` is often only the status."""
_MESSAGE_CHARS = 500
_STATUS_OF_AN_ERROR = re.compile(r"[45][0-9]{2}")
_UNREADABLE: Mapping[Unit, object] = {Unit.IMAGE_OUTPUT_TOKEN: None}


class OpenAIImages(ProviderAdapter):
    """ImageProvider on the images API; requests with references use its edits."""

    own_address = "https://api.openai.com/v1"
    place = "data"

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        import openai

        check_key(key.secret)
        params: dict[str, Any] = {"model": request.model, "size": f"{request.width}x{request.height}", "n": 1}
        choices = {
            "quality": request.quality,
            "background": request.background,
            "output_format": request.output_format,
        }
        params |= {name: choice for name, choice in choices.items() if choice is not None}
        exchange = SdkExchange(self._http, until=until)
        with openai.OpenAI(
            api_key=key.secret, base_url=self._address, max_retries=0, http_client=exchange.client()
        ) as client:
            if request.references:
                images: list[Any] = [
                    (f"reference.{each.media_type.extension}", each.data, each.media_type.value)
                    for each in request.references
                ]
                # The SDK names one file `image` and several `image[]`, which not every compatible service knows.
                image = images if len(images) > 1 else images[0]
                client.images.edit(image=image, prompt=request.in_words, **params)
            else:
                client.images.generate(prompt=request.in_words, **params)
        return self.image_in(exchange.outcome(), params=params, until=until)

    def usage_of(self, answer: Answer) -> Mapping[Unit, object] | None:
        usage = answer.member("usage")
        if usage is None:
            return None
        if not isinstance(usage, dict):
            return _UNREADABLE
        inputs, outputs = usage.get("input_tokens_details"), usage.get("output_tokens_details")
        counts: dict[Unit, object] = {}
        if isinstance(inputs, dict):
            counts[Unit.TEXT_INPUT_TOKEN] = inputs.get("text_tokens")
            counts[Unit.IMAGE_INPUT_TOKEN] = inputs.get("image_tokens")
        else:
            counts[Unit.TEXT_INPUT_TOKEN] = _UNREADABLE if inputs else usage.get("input_tokens")
            counts[Unit.IMAGE_INPUT_TOKEN] = 0
        if isinstance(outputs, dict):
            counts[Unit.TEXT_OUTPUT_TOKEN] = outputs.get("text_tokens")
            counts[Unit.IMAGE_OUTPUT_TOKEN] = outputs.get("image_tokens")
        else:
            counts[Unit.TEXT_OUTPUT_TOKEN] = 0
            counts[Unit.IMAGE_OUTPUT_TOKEN] = _UNREADABLE if outputs else usage.get("output_tokens")
        return counts

    def refusal_of(self, answer: Answer) -> Refusal | None:
        error = _error_in(answer)
        if not error and answer.is_success:
            return None
        fields = error if isinstance(error, dict) else {"message": error, "code": error}
        # The code comes before the type, which is more general.
        codes = [code for code in (fields.get("code"), fields.get("type")) if isinstance(code, str | int)]
        reasons = [_BY_CODE[code] for code in codes if isinstance(code, str) and code in _BY_CODE]
        if _LITELLM_REFUSAL.match(str(fields.get("message"))[:_MESSAGE_CHARS]):
            reasons.append(Reason.REFUSED)
        statuses = [answer.status] if not answer.is_success else [*filter(None, map(_status_in, codes)), 200]
        wait = wait_in(answer.headers.get("Retry-After"), now=self._clock.now())
        return Refusal(reasons[0] if reasons else reason_of(statuses[0]), wait, says_none_was_made=True)


def _error_in(answer: Answer) -> object:
    """The error of an answer: usually an object or a text in `error`; in some services the body itself."""
    error = answer.member("error")
    if error or not isinstance(answer.json, dict):
        return error
    # vLLM says `"object": "error"`; problems (RFC 9457) come with the status of an error.
    return answer.json if not answer.is_success or answer.member("object") == "error" else None


def _status_in(code: str | int) -> int | None:
    """The status of an error that a code repeats, as in LocalAI, vLLM and LiteLLM."""
    text = str(code)
    return int(text) if _STATUS_OF_AN_ERROR.fullmatch(text) else None


ADAPTER = OpenAIImages
