"""Stores the images of a request through the API of the store, in the name of its caller.

The API decodes and checks them as every upload, so a function that mostly waits needs no imaging library and little
memory. The same bytes get the id of the image that already has them: a repeated request refers to the same images.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

from image_store.domain import errors
from image_store.domain.callers.credential import CallerCredential
from image_store.domain.generation.requests import NewReference, ReferenceFile
from image_store.ports.generation import ReferenceUploads
from image_store.ports.system import Clock

_ATTRIBUTES = {"kind": "reference", "on_duplicate": "return_existing"}
_CONNECT_SECONDS = 2.0
_LONGEST = timedelta(seconds=30)
"""The longest request of the API."""
_STORED = frozenset({200, 201})
_BUSY = timedelta(seconds=2)
_MAX_WAIT_SECONDS = 3_600
_ERRORS: dict[str, Callable[[str], errors.ImageStoreError]] = {
    kind.code: kind
    for kind in (
        errors.InvalidRequest,
        errors.AttributesTooLarge,
        errors.PayloadTooLarge,
        errors.UnsupportedMediaType,
        errors.ContentTypeMismatch,
        errors.InvalidImage,
        errors.ImageTooLarge,
        errors.TooManyFrames,
        errors.QuotaExceeded,
        errors.InvalidToken,
        errors.Conflict,
        errors.DeadlineExceeded,
    )
}
"""The errors of an upload that its caller should see as they are."""


class ApiReferenceUploads(ReferenceUploads):
    """Uploads to the API at an address."""

    def __init__(self, api_url: str, *, clock: Clock) -> None:
        self._url = f"{api_url}/v1/images"
        self._clock = clock

    def store(self, image: NewReference, *, credential: CallerCredential, until: datetime) -> str:
        left = min(until - self._clock.now(), _LONGEST)
        if left <= timedelta(0):
            raise errors.DeadlineExceeded("The images of the request could not be stored in time; try again.")
        content_type, body = _form(image) if isinstance(image, ReferenceFile) else _json(image.url)
        headers = {"Content-Type": content_type, **_headers_of(credential)}
        status, answered, wait = self._post(body, headers, left.total_seconds())
        if status in _STORED and isinstance(image_id := answered.get("id"), str):
            return image_id
        raise _error_of(status, answered, wait)

    def _post(
        self, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> tuple[int, dict[str, Any], timedelta | None]:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        timeout = Timeout(connect=_CONNECT_SECONDS, read=seconds)
        try:
            response = self._pool.request(
                "POST", self._url, body=body, headers=headers, timeout=timeout, redirect=False
            )
        except HTTPError as error:
            raise errors.StorageUnavailable(
                "The store did not take the images in time; try again."
            ) from error
        return response.status, _object(response.data), _wait(response.headers.get("Retry-After"))

    @cached_property
    def _pool(self) -> Any:
        """Kept connections. A connection that fails is tried twice; an upload may be repeated safely."""
        from urllib3 import PoolManager, Retry

        return PoolManager(retries=Retry(total=1, connect=1, read=0, redirect=0, status=0, other=0))


def _headers_of(credential: CallerCredential) -> dict[str, str]:
    owner = credential.owner
    named = {} if owner is None else {"Image-Store-Owner": quote(owner, safe="")}
    return {"Authorization": f"Bearer {credential.secret}", **named}


def _form(image: ReferenceFile) -> tuple[str, bytes]:
    """A form without the type of the file, which the store recognizes by its bytes."""
    boundary = secrets.token_hex(16)
    attributes = _ATTRIBUTES | ({"filename": image.filename} if image.filename else {})
    parts = (
        ('name="attributes"', json.dumps(attributes).encode()),
        ('name="file"; filename="image"', image.data),
    )
    head = f"--{boundary}\r\nContent-Disposition: form-data; "
    written = [head.encode() + name.encode() + b"\r\n\r\n" + data + b"\r\n" for name, data in parts]
    return f"multipart/form-data; boundary={boundary}", b"".join([*written, f"--{boundary}--\r\n".encode()])


def _json(url: str) -> tuple[str, bytes]:
    kind = "data_uri" if url[:5].lower() == "data:" else "url"
    return "application/json", json.dumps({**_ATTRIBUTES, "source": {kind: url}}).encode()


def _error_of(status: int, answered: Mapping[str, Any], wait: timedelta | None) -> errors.ImageStoreError:
    code, detail = str(answered.get("code", "")), str(answered.get("detail", ""))
    if code == errors.UrlNotAllowed.code:
        return errors.UrlNotAllowed()
    if make := _ERRORS.get(code):
        error = make(detail)
        error.retry_after = wait
        return error
    if status == 413:  # the gateway itself
        return errors.PayloadTooLarge("An image of the request is too large.")
    return errors.StorageUnavailable(
        detail or "The store does not take the images now; try again.", retry_after=wait or _BUSY
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _wait(text: str | None) -> timedelta | None:
    """Retry-After in seconds; None for a date or any other text."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    return timedelta(seconds=min(int(text[:9]), _MAX_WAIT_SECONDS))
