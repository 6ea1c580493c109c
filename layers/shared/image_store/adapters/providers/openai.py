"""OpenAI's image models through its SDK, and whatever else speaks as they do."""

from datetime import datetime
from typing import Any

from image_store.adapters.providers.failures import decoded, failure, reason_of, seconds
from image_store.domain.providers import (
    GeneratedImage,
    ImageRequest,
    ProviderFailure,
    ProviderKey,
    Reason,
    Unit,
    Usage,
)
from image_store.ports.generation import ImageProvider
from image_store.ports.system import Clock

_POLICY = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
_NO_BALANCE = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_NO_MODEL = frozenset({"model_not_found"})
_BAD_KEY = frozenset({"invalid_api_key", "account_deactivated"})


class OpenAIImages(ImageProvider):
    """ImageProvider on the images API; edits where there are references."""

    def __init__(self, address: str | None, *, clock: Clock) -> None:
        self._address = address
        self._clock = clock

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        import openai

        left = (until - self._clock.now()).total_seconds()
        if left <= 0:
            raise failure(Reason.UNAVAILABLE)
        params: dict[str, Any] = {"model": request.model, "size": f"{request.width}x{request.height}", "n": 1}
        if request.quality is not None:
            params["quality"] = request.quality
        try:
            with openai.OpenAI(
                api_key=key.secret, base_url=self._address, max_retries=0, timeout=left
            ) as client:
                if request.references:
                    images = [
                        (f"reference.{each.media_type.extension}", each.data, each.media_type.value)
                        for each in request.references
                    ]
                    answer = client.images.edit(image=images, prompt=request.in_words, **params)
                else:
                    answer = client.images.generate(prompt=request.in_words, **params)
        except openai.APITimeoutError as error:
            raise failure(Reason.TIMEOUT) from error
        except openai.APIStatusError as error:
            raise _failure_of(error) from error
        except openai.APIConnectionError as error:
            raise failure(Reason.CONNECTION) from error
        except (openai.OpenAIError, ValueError, OSError) as error:
            raise failure(Reason.BAD_ANSWER) from error
        return GeneratedImage(data=_image_in(answer), usage=_usage(answer), params=params)


def _image_in(answer: Any) -> bytes:
    text = answer.data[0].b64_json if getattr(answer, "data", None) else None
    return decoded(text)


def _usage(answer: Any) -> Usage | None:
    usage = getattr(answer, "usage", None)
    if usage is None or usage.output_tokens is None:
        return None
    incoming, outgoing = usage.input_tokens_details, usage.output_tokens_details
    text_out = outgoing.text_tokens if outgoing is not None else 0
    return {
        Unit.TEXT_INPUT_TOKEN: incoming.text_tokens if incoming is not None else usage.input_tokens,
        Unit.IMAGE_INPUT_TOKEN: incoming.image_tokens if incoming is not None else 0,
        Unit.TEXT_OUTPUT_TOKEN: text_out,
        Unit.IMAGE_OUTPUT_TOKEN: outgoing.image_tokens if outgoing is not None else usage.output_tokens,
    }


def _failure_of(error: Any) -> ProviderFailure:
    said = {error.code, error.type}
    reason = reason_of(error.status_code)
    for codes, meant in (
        (_POLICY, Reason.REFUSED),
        (_NO_BALANCE, Reason.NO_BALANCE),
        (_NO_MODEL, Reason.NO_MODEL),
        (_BAD_KEY, Reason.BAD_KEY),
    ):
        if said & codes:
            reason = meant
    return failure(reason, retry_after=seconds(error.response.headers.get("retry-after")))
