"""Pollinations over plain HTTP: one GET, the prompt in the path, the image in the answer.

The same request with the same seed is answered from its cache and not charged again, as its documentation says.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from image_store.adapters.providers.failures import failure, reason_of, seconds
from image_store.adapters.providers.plain_http import Answer, PlainHttp
from image_store.domain.providers import GeneratedImage, ImageRequest, ProviderKey, Reason, Unit, Usage
from image_store.ports.generation import ImageProvider
from image_store.ports.system import Clock

ADDRESS = "https://gen.pollinations.ai"
_OK = 200
_TOKEN = re.compile(r"[!-~]+")
_POLICY = re.compile(r"content policy|moderat|safety|nsfw|unsafe", re.IGNORECASE)
_RANDOM = -1


class PollinationsImages(ImageProvider):
    """ImageProvider on gen.pollinations.ai."""

    def __init__(self, address: str | None, *, clock: Clock) -> None:
        self._address = (address or ADDRESS).rstrip("/")
        self._http = PlainHttp(clock)

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        if not _TOKEN.fullmatch(key.secret):
            raise failure(Reason.BAD_KEY)
        params: dict[str, Any] = {
            "model": request.model,
            "width": request.width,
            "height": request.height,
            "seed": _RANDOM if request.seed is None else request.seed,
        }
        query = params | ({"negative_prompt": request.negative_prompt} if request.negative_prompt else {})
        url = f"{self._address}/image/{quote(request.prompt, safe='')}?{urlencode(query)}"
        answer = self._http.send("GET", url, headers={"Authorization": f"Bearer {key.secret}"}, until=until)
        if answer.status != _OK:
            raise _failure_in(answer)
        if not answer.media_type.startswith("image/") or not answer.data:
            raise failure(Reason.BAD_ANSWER)
        return GeneratedImage(data=answer.data, usage=_usage(answer), params=params)


def _usage(answer: Answer) -> Usage | None:
    """The images it charges for; models that count tokens have no price here."""
    said = answer.headers.get("x-usage-completion-image-tokens")
    return {Unit.IMAGE: int(said)} if said is not None and said.isascii() and said.isdecimal() else None


def _failure_in(answer: Answer) -> Exception:
    told = answer.json
    error = told.get("error") if isinstance(told, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    reason = reason_of(answer.status)
    if reason is Reason.BAD_REQUEST and isinstance(message, str) and _POLICY.search(message):
        reason = Reason.REFUSED
    return failure(reason, retry_after=seconds(answer.headers.get("Retry-After")))
