"""Cloudflare Workers AI over plain HTTP: the REST endpoint `ai/run`, with an envelope or with bare bytes."""

import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from image_store.adapters.providers.failures import decoded, failure, reason_of, seconds
from image_store.adapters.providers.plain_http import Answer, PlainHttp
from image_store.domain.catalogue import model_named
from image_store.domain.providers import GeneratedImage, ImageRequest, ProviderKey, Reason
from image_store.ports.generation import ImageProvider
from image_store.ports.system import Clock

ADDRESS = "https://api.cloudflare.com"
_OK = 200
_ACCOUNT = re.compile(r"[0-9a-zA-Z]{1,64}")
_TOKEN = re.compile(r"[!-~]+")
_UNTIL_THE_DAY_IS_OVER = timedelta(minutes=15)
_BY_CODE = {
    3003: Reason.BAD_REQUEST,
    3006: Reason.BAD_REQUEST,
    3007: Reason.TIMEOUT,
    3008: Reason.TIMEOUT,
    3023: Reason.BAD_KEY,
    3030: Reason.REFUSED,
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
"""The documented codes; a status says the rest. 3036 is a used-up daily allocation."""
_FLUX = "@cf/black-forest-labs/flux-1-schnell"


class CloudflareImages(ImageProvider):
    """ImageProvider on Workers AI; a key has an account beside it."""

    def __init__(self, address: str | None, *, clock: Clock) -> None:
        self._address = (address or ADDRESS).rstrip("/")
        self._http = PlainHttp(clock)

    def generate(self, request: ImageRequest, *, key: ProviderKey, until: datetime) -> GeneratedImage:
        if not _ACCOUNT.fullmatch(key.account) or not _TOKEN.fullmatch(key.secret):
            raise failure(Reason.BAD_KEY)
        url = f"{self._address}/client/v4/accounts/{key.account}/ai/run/{quote(request.model, safe='@/')}"
        params = _params(request)
        body = {"prompt": request.prompt, **params}
        if request.negative_prompt and request.model != _FLUX:
            body["negative_prompt"] = request.negative_prompt
        elif request.negative_prompt:  # it knows none: it is said in words
            body["prompt"] = request.in_words
        headers = {"Authorization": f"Bearer {key.secret}", "Content-Type": "application/json"}
        answer = self._http.send("POST", url, headers=headers, body=json.dumps(body).encode(), until=until)
        return GeneratedImage(data=_image_in(answer), params=params)


def _params(request: ImageRequest) -> dict[str, Any]:
    model = model_named(request.model)
    params: dict[str, Any] = {"steps" if request.model == _FLUX else "num_steps": model.steps if model else 4}
    if request.seed is not None:
        params["seed"] = request.seed
    if request.model != _FLUX:  # it makes squares alone, and takes nothing but a prompt and steps
        params |= {"width": request.width, "height": request.height}
    return params


def _image_in(answer: Answer) -> bytes:
    if answer.status == _OK and answer.media_type.startswith("image/"):
        if not answer.data:
            raise failure(Reason.BAD_ANSWER)
        return answer.data
    told = answer.json
    if answer.status != _OK or not isinstance(told, dict) or told.get("success") is not True:
        raise _failure_in(answer, told)
    result = told.get("result")
    text = result.get("image") if isinstance(result, dict) else None
    return decoded(text)


def _failure_in(answer: Answer, told: Any) -> Exception:
    errors = told.get("errors") if isinstance(told, dict) else None
    codes = [error.get("code") for error in errors or () if isinstance(error, dict)]
    reason = next((_BY_CODE[code] for code in codes if code in _BY_CODE), None)
    if reason is None:
        reason = Reason.BAD_ANSWER if answer.status == _OK else reason_of(answer.status)
    wait = seconds(answer.headers.get("Retry-After"))
    if reason is Reason.NO_BALANCE and answer.status == 429:
        wait = wait or _UNTIL_THE_DAY_IS_OVER
    return failure(reason, retry_after=wait)
