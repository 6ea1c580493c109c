"""Google's Gemini image models through its SDK."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from image_store.adapters.providers.adapter import ProviderAdapter, Refusal
from image_store.adapters.providers.failures import check_key, failure, reason_of, wait_in
from image_store.adapters.providers.plain_http import Answer
from image_store.adapters.providers.sdk import SdkExchange
from image_store.domain.generation.descriptions.google import size_class
from image_store.domain.generation.providers import ImageRequest, ProviderKey, ProviderPicture, Reason, Unit
from image_store.domain.generation.usage import count

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_REFUSALS = (
    "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "ESCALATION",
    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR",
)  # fmt: skip
_BY_FINISH_REASON = dict.fromkeys(_REFUSALS, Reason.REFUSED) | {
    "PUP_LIMITED_DISABLED": Reason.BAD_KEY,
    "LANGUAGE": Reason.BAD_REQUEST,
}
"""Finish reasons that will not pass; others without an image may."""
_BAD_KEY = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})
_UNREADABLE: Mapping[Unit, object] = {Unit.IMAGE_OUTPUT_TOKEN: None}


class GoogleImages(ProviderAdapter):
    """ImageProvider on the Gemini API (generateContent)."""

    place = "candidates"

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        from google import genai
        from google.genai import types

        check_key(key.secret)
        left = until - self._clock.now()
        if left <= timedelta(0):
            raise failure(Reason.UNAVAILABLE)
        ratio, size = _ratio(request), size_class(request.width, request.height)
        exchange = SdkExchange(self._http, until=until)
        options = types.HttpOptions(
            base_url=self._address or None,
            timeout=max(1, int(left.total_seconds() * 1000)),
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_client=exchange.client(),
            httpx_async_client=exchange.idle_client(),
            async_client_args={"ssl": exchange.idle_tls()},
        )
        contents: list[Any] = [types.Part.from_text(text=request.in_words)]
        contents += [
            types.Part.from_bytes(data=each.data, mime_type=each.media_type.value)
            for each in request.references
        ]
        client = genai.Client(api_key=key.secret, vertexai=False, http_options=options)
        try:
            client.models.generate_content(
                model=request.model,
                contents=contents,
                config=types.GenerateContentConfig(
                    response_modalities=["IMAGE"],
                    image_config=types.ImageConfig(aspect_ratio=ratio, image_size=size),
                ),
            )
        finally:
            client.close()
        params = {"aspect_ratio": ratio, "image_size": size}
        return self.image_in(exchange.outcome(), params=params, until=until)

    def usage_of(self, answer: Answer) -> Mapping[Unit, object] | None:
        usage = answer.member("usageMetadata")
        if usage is None:
            return None
        if not isinstance(usage, dict):
            return _UNREADABLE
        inputs = _by_modality(usage.get("promptTokensDetails"))
        outputs = _by_modality(usage.get("candidatesTokensDetails"))
        output_tokens = count(usage.get("candidatesTokenCount") or 0)
        thought_tokens = count(usage.get("thoughtsTokenCount") or 0)
        if inputs is None or outputs is None or output_tokens is None or thought_tokens is None:
            return _UNREADABLE
        picture_tokens = outputs["IMAGE"] if outputs else output_tokens
        if inputs:
            reference_tokens = inputs.pop("IMAGE", 0)
            prompt_tokens: object = inputs.total()
        else:
            reference_tokens, prompt_tokens = 0, usage.get("promptTokenCount") or 0
        counts: dict[Unit, object] = {Unit.IMAGE_INPUT_TOKEN: reference_tokens} if reference_tokens else {}
        return counts | {
            Unit.TEXT_INPUT_TOKEN: prompt_tokens,
            Unit.IMAGE_OUTPUT_TOKEN: picture_tokens,
            Unit.TEXT_OUTPUT_TOKEN: max(output_tokens - picture_tokens, 0) + thought_tokens,
        }

    def refusal_of(self, answer: Answer) -> Refusal | None:
        if not answer.is_success:
            return self._error(answer)
        feedback = answer.member("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            return Refusal(Reason.REFUSED, says_none_was_made=True)
        candidates = answer.member("candidates")
        finish_reasons = (
            _BY_FINISH_REASON.get(str(candidate.get("finishReason")))
            for candidate in (candidates if isinstance(candidates, list) else ())
            if isinstance(candidate, dict)
        )
        reason = next(filter(None, finish_reasons), None)
        return Refusal(reason, says_none_was_made=True) if reason is not None else None

    def _error(self, answer: Answer) -> Refusal:
        error = answer.member("error")
        error = error if isinstance(error, dict) else {}
        details = error.get("details")
        details = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
        reason = reason_of(answer.status)
        if any(str(detail.get("reason")) in _BAD_KEY for detail in details):
            reason = Reason.BAD_KEY
        elif error.get("status") == "FAILED_PRECONDITION":  # no billing, or not in this country
            reason = Reason.NO_BALANCE
        elif answer.status == 499:
            reason = Reason.TIMEOUT
        waits = [answer.headers.get("Retry-After"), *(detail.get("retryDelay") for detail in details)]
        readable = (wait_in(wait, now=self._clock.now()) for wait in waits)
        return Refusal(reason, next(filter(None, readable), None), says_none_was_made=True)


def _ratio(request: ImageRequest) -> str:
    requested = Fraction(request.width, request.height)

    def distance(ratio: str) -> Fraction:
        width, _, height = ratio.partition(":")
        return abs(Fraction(int(width), int(height)) - requested)

    return min(_RATIOS, key=distance)


def _by_modality(details: object) -> Counter[str] | None:
    """Counts by modality; empty if there are no details, None if they cannot be read."""
    if not details:
        return Counter()
    counts: Counter[str] = Counter()
    for detail in details if isinstance(details, list) else [details]:
        if not isinstance(detail, dict) or (number := count(detail.get("tokenCount") or 0)) is None:
            return None
        counts[str(detail.get("modality"))] += number
    return counts


ADAPTER = GoogleImages
