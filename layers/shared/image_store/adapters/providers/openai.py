"""OpenAI's image models through its SDK, and services that are compatible with its API."""

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
    "insufficient_quota": Reason.NO_BALANCE,
    "billing_hard_limit_reached": Reason.NO_BALANCE,
    "billing_not_active": Reason.NO_BALANCE,
    "model_not_found": Reason.NO_MODEL,
    "invalid_api_key": Reason.BAD_KEY,
    "account_deactivated": Reason.BAD_KEY,
}
_UNREADABLE: Mapping[Unit, object] = {Unit.IMAGE_OUTPUT_TOKEN: None}


class OpenAIImages(ProviderAdapter):
    """ImageProvider on the images API; requests with references use its edits."""

    own_address = "https://api.openai.com/v1"
    place = "data"

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        import openai

        check_key(key.secret)
        params: dict[str, Any] = {"model": request.model, "size": f"{request.width}x{request.height}", "n": 1}
        if request.quality is not None:
            params["quality"] = request.quality
        exchange = SdkExchange(self._http, until=until)
        with openai.OpenAI(
            api_key=key.secret, base_url=self._address, max_retries=0, http_client=exchange.client()
        ) as client:
            if request.references:
                images = [
                    (f"reference.{each.media_type.extension}", each.data, each.media_type.value)
                    for each in request.references
                ]
                client.images.edit(image=images, prompt=request.in_words, **params)
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
        error = answer.member("error")
        if not error and answer.is_success:
            return None
        codes = [error.get(name) for name in ("code", "type")] if isinstance(error, dict) else [error]
        reasons = [_BY_CODE[code] for code in codes if isinstance(code, str) and code in _BY_CODE]
        wait = wait_in(answer.headers.get("Retry-After"), now=self._clock.now())
        # The code comes before the type, which is more general.
        return Refusal(reasons[0] if reasons else reason_of(answer.status), wait, says_none_was_made=True)


ADAPTER = OpenAIImages
