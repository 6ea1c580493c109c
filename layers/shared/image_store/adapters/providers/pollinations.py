"""Pollinations over plain HTTP: one GET, the prompt in the path, the image in the answer.

Its documentation says that a request with the same seed is answered from a cache and not charged again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from image_store.adapters.providers.adapter import ProviderAdapter, Refusal
from image_store.adapters.providers.failures import check_key, is_about_policy, reason_of, wait_in
from image_store.adapters.providers.paths import segment
from image_store.adapters.providers.plain_http import Answer
from image_store.domain.generation.providers import ImageRequest, ProviderKey, ProviderPicture, Reason, Unit

_RANDOM = -1


class PollinationsImages(ProviderAdapter):
    """ImageProvider on gen.pollinations.ai."""

    own_address = "https://gen.pollinations.ai"
    place = "image"

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        check_key(key.secret)
        params: dict[str, Any] = {
            "model": request.model,
            "width": request.width,
            "height": request.height,
            "seed": _RANDOM if request.seed is None else request.seed,
        }
        query = params | ({"negative_prompt": request.negative_prompt} if request.negative_prompt else {})
        url = f"{self._address}/image/{segment(request.prompt)}?{urlencode(query, errors='replace')}"
        answer = self._http.send("GET", url, headers={"Authorization": f"Bearer {key.secret}"}, until=until)
        return self.image_in(answer, params=params, until=until)

    def usage_of(self, answer: Answer) -> Mapping[Unit, object] | None:
        """The number of images it charges for; models that count tokens have no price here."""
        images = answer.headers.get("x-usage-completion-image-tokens")
        return {Unit.IMAGE: images} if images is not None else None

    def refusal_of(self, answer: Answer) -> Refusal | None:
        error = answer.member("error")
        if answer.is_success and not error:
            return None
        message = error.get("message") if isinstance(error, dict) else error
        reason = reason_of(answer.status)
        is_request = reason in {Reason.BAD_REQUEST, Reason.BAD_ANSWER}
        if is_request and is_about_policy(message):
            reason = Reason.REFUSED
        wait = wait_in(answer.headers.get("Retry-After"), now=self._clock.now())
        return Refusal(reason, wait, says_none_was_made=True)


ADAPTER = PollinationsImages
