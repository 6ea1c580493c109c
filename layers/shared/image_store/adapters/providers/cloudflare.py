"""Cloudflare Workers AI over plain HTTP: the REST endpoint `ai/run`, with an envelope or with bare bytes."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

from image_store.adapters.providers.adapter import ProviderAdapter, Refusal
from image_store.adapters.providers.failures import check_key, failure, is_about_policy, reason_of, wait_in
from image_store.adapters.providers.paths import segment
from image_store.adapters.providers.plain_http import Answer
from image_store.domain.generation.catalogue import model_named
from image_store.domain.generation.providers import ImageRequest, ProviderKey, ProviderPicture, Reason

_ACCOUNT = re.compile(r"[0-9a-zA-Z]{1,64}")
_UNTIL_THE_DAY_IS_OVER = timedelta(minutes=15)
_BY_CODE = {
    3003: Reason.BAD_REQUEST,
    3006: Reason.BAD_REQUEST,
    3007: Reason.TIMEOUT,
    3008: Reason.TIMEOUT,
    3023: Reason.BAD_KEY,
    3036: Reason.NO_BALANCE,
    3039: Reason.NO_MODEL,
    3040: Reason.RATE_LIMITED,
    3041: Reason.BAD_KEY,
    3042: Reason.NO_MODEL,
    5004: Reason.BAD_REQUEST,
    5005: Reason.NO_MODEL,
    5007: Reason.NO_MODEL,
    5016: Reason.BAD_KEY,
    5018: Reason.BAD_KEY,
    5019: Reason.NO_MODEL,
    7003: Reason.BAD_KEY,
    10000: Reason.BAD_KEY,
}
"""The documented codes; the status decides for others. 3036 means that the daily allocation is used up."""
_OF_MODELS = frozenset({3030, 8007})
"""Errors of the models, on no page: their filter of prompts and pictures, but also input that is not valid."""
_FLUX = "@cf/black-forest-labs/flux-1-schnell"


class CloudflareImages(ProviderAdapter):
    """ImageProvider on Workers AI, which reports no usage; a key needs an account."""

    own_address = "https://api.cloudflare.com"
    place = "result"

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> ProviderPicture:
        check_key(key.secret)
        if not _ACCOUNT.fullmatch(key.account):
            raise failure(Reason.BAD_KEY)
        model = "/".join(segment(part).replace("%40", "@") for part in request.model.split("/"))
        url = f"{self._address}/client/v4/accounts/{key.account}/ai/run/{model}"
        params = _params(request)
        body = {"prompt": request.prompt, **params}
        if request.negative_prompt and request.model != _FLUX:
            body["negative_prompt"] = request.negative_prompt
        else:  # FLUX takes no negative prompt, so the prompt contains it in words
            body["prompt"] = request.in_words
        headers = {"Authorization": f"Bearer {key.secret}", "Content-Type": "application/json"}
        answer = self._http.send("POST", url, headers=headers, body=json.dumps(body).encode(), until=until)
        return self.image_in(answer, params=params, until=until)

    def refusal_of(self, answer: Answer) -> Refusal | None:
        errors = answer.member("errors")
        listed_errors = errors if isinstance(errors, list) else []
        reasons = (_reason_of(error) for error in listed_errors if isinstance(error, dict))
        reason = next(filter(None, reasons), None)
        if answer.is_success and reason is None and answer.member("success") is not False:
            return None
        wait = wait_in(answer.headers.get("Retry-After"), now=self._clock.now())
        if reason is Reason.NO_BALANCE and answer.status == 429:
            wait = wait or _UNTIL_THE_DAY_IS_OVER
        return Refusal(reason or reason_of(answer.status), wait, says_none_was_made=True)


def _reason_of(error: dict[str, Any]) -> Reason | None:
    code = error.get("code")
    if not isinstance(code, int):
        return None
    if code in _OF_MODELS:
        return Reason.REFUSED if is_about_policy(error.get("message")) else None
    return _BY_CODE.get(code)


def _params(request: ImageRequest) -> dict[str, Any]:
    model = model_named(request.model)
    params: dict[str, Any] = {"steps" if request.model == _FLUX else "num_steps": model.steps if model else 4}
    if request.seed is not None:
        params["seed"] = request.seed
    if request.model != _FLUX:  # FLUX makes only squares, and takes only a prompt and steps
        params |= {"width": request.width, "height": request.height}
    return params


ADAPTER = CloudflareImages
