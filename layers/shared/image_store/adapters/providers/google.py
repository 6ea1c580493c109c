"""Google's Gemini image models through its SDK."""

from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from image_store.adapters.providers.failures import failure, reason_of, seconds
from image_store.domain.catalogue import size_class
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

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_REFUSALS = frozenset(
    {
        "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "ESCALATION",
        "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "PUP_LIMITED_DISABLED",
    }
)  # fmt: skip
"""Ends of a candidate that mean the policy; all others without an image may go better."""
_MODALITIES = {"TEXT": Unit.TEXT_INPUT_TOKEN, "IMAGE": Unit.IMAGE_INPUT_TOKEN}


class GoogleImages(ImageProvider):
    """ImageProvider on the Gemini API (generateContent)."""

    def __init__(self, address: str | None, *, clock: Clock) -> None:
        self._address = address
        self._clock = clock

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        import httpx2
        from google import genai
        from google.genai import errors, types

        left = until - self._clock.now()
        if left <= timedelta(0):
            raise failure(Reason.UNAVAILABLE)
        ratio, size = _ratio(request), size_class(request.width, request.height)
        options = types.HttpOptions(
            base_url=self._address,
            timeout=int(left.total_seconds() * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        contents: list[Any] = [types.Part.from_text(text=request.in_words)]
        contents += [
            types.Part.from_bytes(data=each.data, mime_type=each.media_type.value)
            for each in request.references
        ]
        try:
            client = genai.Client(api_key=key.secret, vertexai=False, http_options=options)
            try:
                answer = client.models.generate_content(
                    model=request.model,
                    contents=contents,
                    config=types.GenerateContentConfig(
                        response_modalities=["IMAGE"],
                        image_config=types.ImageConfig(aspect_ratio=ratio, image_size=size),
                    ),
                )
            finally:
                client.close()
        except errors.APIError as error:
            raise _failure_of(error) from error
        except httpx2.ConnectError as error:
            raise failure(Reason.UNAVAILABLE) from error
        except httpx2.TimeoutException as error:
            raise failure(Reason.TIMEOUT) from error
        except httpx2.HTTPError as error:
            raise failure(Reason.CONNECTION) from error
        except (ValueError, OSError) as error:
            raise failure(Reason.BAD_ANSWER) from error
        return GeneratedImage(
            data=_image_in(answer), usage=_usage(answer), params={"aspect_ratio": ratio, "image_size": size}
        )


def _ratio(request: ImageRequest) -> str:
    wanted = Fraction(request.width, request.height)

    def distance(ratio: str) -> Fraction:
        width, _, height = ratio.partition(":")
        return abs(Fraction(int(width), int(height)) - wanted)

    return min(_RATIOS, key=distance)


def _image_in(answer: Any) -> bytes:
    feedback = answer.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        raise failure(Reason.REFUSED)
    for candidate in answer.candidates or ():
        for part in (candidate.content.parts if candidate.content else None) or ():
            # What it drew while thinking is not the picture.
            if part.inline_data is not None and part.inline_data.data and not part.thought:
                data: bytes = part.inline_data.data
                return data
    ends = {_name(candidate.finish_reason) for candidate in answer.candidates or ()}
    raise failure(Reason.REFUSED if ends & _REFUSALS else Reason.BAD_ANSWER)


def _usage(answer: Any) -> Usage | None:
    said = answer.usage_metadata
    if said is None or said.candidates_token_count is None:
        return None
    usage: Counter[Unit] = Counter()
    for counted in said.prompt_tokens_details or ():
        usage[_MODALITIES.get(_name(counted.modality), Unit.TEXT_INPUT_TOKEN)] += counted.token_count or 0
    if not said.prompt_tokens_details:
        usage[Unit.TEXT_INPUT_TOKEN] = said.prompt_token_count or 0
    drawn = sum(
        counted.token_count or 0
        for counted in said.candidates_tokens_details or ()
        if _name(counted.modality) == "IMAGE"
    )
    if not said.candidates_tokens_details:
        drawn = said.candidates_token_count
    usage[Unit.IMAGE_OUTPUT_TOKEN] = drawn
    usage[Unit.TEXT_OUTPUT_TOKEN] = said.candidates_token_count - drawn + (said.thoughts_token_count or 0)
    return usage


def _name(value: Any) -> str:
    return str(getattr(value, "value", value))


def _failure_of(error: Any) -> ProviderFailure:
    reason = reason_of(error.code)
    details = _details(error.details)
    if any(detail.get("reason") in {"API_KEY_INVALID", "API_KEY_EXPIRED"} for detail in details):
        reason = Reason.BAD_KEY
    elif error.status == "FAILED_PRECONDITION":  # no billing, or not in this country
        reason = Reason.NO_BALANCE
    elif error.code == 499:
        reason = Reason.TIMEOUT
    headers = getattr(error.response, "headers", None) or {}
    wait = seconds(headers.get("retry-after"))
    for detail in details:
        wait = wait or seconds(detail.get("retryDelay"))
    return failure(reason, retry_after=wait)


def _details(told: Any) -> list[dict[str, Any]]:
    error = told.get("error", told) if isinstance(told, dict) else {}
    details = error.get("details") if isinstance(error, dict) else None
    return [detail for detail in details or () if isinstance(detail, dict)]
