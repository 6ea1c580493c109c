"""Requests to the OpenAI endpoint, and a deployment that makes the images while their request waits."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from image_store.adapters.dynamodb.callers.api_keys import DynamoApiKeys
from image_store.adapters.dynamodb.table import DynamoTable
from image_store.domain.callers.api_keys import ApiKey, key_text, secret_digest
from image_store.domain.callers.key_limits import NO_LIMITS, KeyLimits
from image_store.domain.callers.scopes import Scope
from image_store.domain.errors import UnsupportedMediaType
from image_store.domain.generation.providers import Provider
from image_store.domain.generation.requests import NewReference, ReferenceFile
from image_store.ports.generation import ReferenceUploads
from tests.functions.deployment import Answer, Context, Deployment, event, from_owner
from tests.functions.generation_work import work_off
from tests.pictures import png
from tests.samples import START

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from image_store.domain.callers.credential import CallerCredential
    from image_store.domain.generation.providers import ImageRequest

SECRET = "s" * 43
KEY_ID = "0123456789abcdef"
BEARER = f"Bearer {key_text(KEY_ID, SECRET)}"
WAITING = Context(remaining=timedelta(seconds=300))
MADE = png(40, 30)
"""What every provider makes."""
API = "https://api.example.com"
SCOPES = frozenset({Scope.WRITE_GENERATIONS, Scope.WRITE_IMAGES})


class UploadsInTheDeployment(ReferenceUploads):
    """Uploads that the function `upload` of a deployment takes, as the API would pass them on."""

    def __init__(self, store: Deployment) -> None:
        self._store = store
        self.credentials: list[CallerCredential] = []
        self.images: list[NewReference] = []

    def store(self, image: NewReference, *, credential: CallerCredential, until: datetime) -> str:
        assert until > self._store.set_clock.instant
        self.credentials.append(credential)
        self.images.append(image)
        sent = from_owner(event("upload/raw"), "alice")
        sent["rawQueryString"] = "kind=reference&on_duplicate=return_existing"
        if isinstance(image, ReferenceFile):
            sent["body"] = base64.b64encode(image.data).decode()
        answer = self._store.call(sent, function="upload")
        if answer.status >= 400:
            raise UnsupportedMediaType(answer.json["detail"])
        return str(answer.json["id"])


class Workers:
    """Do all work there is while a request sleeps."""

    def __init__(self, store: Deployment) -> None:
        self.are_at_work = True
        self._store = store

    def __call__(self, seconds: float) -> None:
        self._store.set_clock.instant += timedelta(seconds=seconds)
        if self.are_at_work:
            work_off(self._store)


def opened(deployed: Callable[..., Deployment], **environment: str) -> Deployment:
    """A deployment with all providers, whose workers work while a request sleeps."""
    store = deployed(**{"PROVIDERS": ",".join(reversed(Provider)), "API_URL": API} | environment)
    ready(store)
    return store


def ready(store: Deployment) -> str:
    """Let workers make images while requests sleep, and return the header of an API key's requests."""
    store.set_clock.instant = store.set_clock.instant.replace(month=11, day=21)
    for provider in store.providers.values():
        provider.answer = _with_the_usual_data(provider.answer)
    store.ports.sleep = Workers(store)
    store.ports.reference_uploads = UploadsInTheDeployment(store)
    return given_key(store, KEY_ID, limits=KeyLimits(requests_per_minute=1_000))


def _with_the_usual_data(usual: Callable[[ImageRequest], Any]) -> Callable[[ImageRequest], Any]:
    return lambda request: replace(usual(request), data=MADE)


def given_key(
    store: Deployment,
    key_id: str = "00000000000000a1",
    *,
    scopes: Collection[Scope] = SCOPES,
    limits: KeyLimits = NO_LIMITS,
) -> str:
    """Store an API key of alice, and return the header of its requests."""
    key = ApiKey(
        id=key_id,
        owner="alice",
        name="ai",
        scopes=frozenset(scopes),
        created_at=START,
        created_by="subject:root",
        secret_sha256=secret_digest(SECRET),
        version=1,
        limits=limits,
    )
    DynamoApiKeys(DynamoTable(store.table, client=lambda: store.client)).create(key)
    return f"Bearer {key_text(key_id, SECRET)}"


def images_request(name: str = "openai/generation", **changes: Any) -> dict[str, Any]:
    """A request for images, with other fields; None leaves one out."""
    sent = signed(event(name))
    body = {**json.loads(sent["body"]), **changes}
    sent["body"] = json.dumps({field: value for field, value in body.items() if value is not None})
    return sent


def signed(sent: dict[str, Any], authorization: str = BEARER, **headers: str) -> dict[str, Any]:
    """The same request with a credential, and more headers; `_` stands for `-`."""
    changed = deepcopy(sent)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    changed["headers"] |= {"authorization": authorization} | more
    return changed


def form(*parts: tuple[str, bytes], name: str = "openai/edit") -> dict[str, Any]:
    """An edit as a form of parts: the line of Content-Disposition after its kind, and the bytes."""
    pieces = [
        f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data + b"\r\n"
        for head, data in parts
    ]
    sent = signed(event(name))
    sent["body"] = base64.b64encode(b"".join(pieces) + b"--x--\r\n").decode()
    return sent


def answered(store: Deployment, sent: dict[str, Any]) -> Answer:
    """Send a request to the endpoint."""
    return store.call(sent, function="openai", context=WAITING)


def refused(store: Deployment, sent: dict[str, Any]) -> tuple[int, str, str | None]:
    """The status, the code and the parameter of a refusal, which has OpenAI's shape."""
    answer = answered(store, sent)
    error = answer.json["error"]
    assert answer.json.keys() == {"error"}
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["x-should-retry"] in {"true", "false"}
    return answer.status, error["code"], error["param"]
