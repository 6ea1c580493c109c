"""Images of a request are stored through the API, over a real connection."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.reference_uploads import ApiReferenceUploads
from image_store.domain import errors
from image_store.domain.callers.credential import CallerCredential
from image_store.domain.generation.requests import NewReference, ReferenceAddress, ReferenceFile
from image_store.entrypoints.http.forms import read_form
from image_store.entrypoints.http.request import OWNER_HEADER
from tests.fakes.clock import SetClock
from tests.local_servers import LocalHandler, LocalServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.loopback

FILE = ReferenceFile(data=b"\r\n--x\r\npicture", filename="cat.png")
CALLER = CallerCredential("secret", "bob")


class Api(LocalServer):
    """An API that answers every upload alike."""

    def __init__(self) -> None:
        self.answer: tuple[int, dict[str, str], bytes] = (201, {}, b'{"id": "i1"}')
        self.wait_seconds = 0.0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        api = self

        class Handler(LocalHandler):
            def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
                sent = {name.lower(): value for name, value in self.headers.items()}
                api.requests.append((self.path, sent, self.body()))
                time.sleep(api.wait_seconds)
                status, headers, body = api.answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        super().__init__(Handler)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        yield server


def stored(
    api: Api, image: NewReference = FILE, *, credential: CallerCredential = CALLER, seconds: float = 20
) -> str:
    """Store an image, with so much time."""
    clock = SetClock()
    until = clock.now() + timedelta(seconds=seconds)
    return ApiReferenceUploads(api.url, clock=clock).store(image, credential=credential, until=until)


def test_bytes_are_sent_as_a_form_that_the_store_reads(api: Api) -> None:
    assert stored(api) == "i1"

    [(path, headers, body)] = api.requests
    parts = read_form(body, headers["content-type"])
    assert path == "/v1/images"
    assert (headers["authorization"], headers[OWNER_HEADER]) == ("Bearer secret", "bob")
    assert (parts["file"].data, parts["file"].content_type) == (FILE.data, None)
    assert json.loads(parts["attributes"].data) == {
        "kind": "reference",
        "on_duplicate": "return_existing",
        "filename": "cat.png",
    }


@pytest.mark.parametrize(("owner", "named"), [("日本 1", "%E6%97%A5%E6%9C%AC%201"), (None, None)])
def test_the_owner_is_named_as_the_api_reads_it_and_only_if_the_caller_names_one(
    api: Api, owner: str | None, named: str | None
) -> None:
    stored(api, credential=CallerCredential("secret", owner))

    [(_, headers, _)] = api.requests
    assert (headers["authorization"], headers.get(OWNER_HEADER)) == ("Bearer secret", named)


def test_the_secret_of_a_credential_is_not_shown() -> None:
    assert repr(CALLER) == "CallerCredential(owner='bob')"


@pytest.mark.parametrize(
    ("url", "kind"), [("https://a.example/b.png", "url"), ("DATA:image/png;base64,AA==", "data_uri")]
)
def test_an_address_is_sent_as_json(api: Api, url: str, kind: str) -> None:
    api.answer = (200, {}, b'{"id": "i2"}')

    assert stored(api, ReferenceAddress(url)) == "i2"

    [(_, headers, body)] = api.requests
    assert headers["content-type"] == "application/json"
    assert json.loads(body)["source"] == {kind: url}


@pytest.mark.parametrize(
    ("status", "problem", "kind"),
    [
        (422, {"code": "invalid_image", "detail": "No image."}, errors.InvalidImage),
        (413, {"code": "payload_too_large", "detail": "Too large."}, errors.PayloadTooLarge),
        (413, {"message": "Request Entity Too Large"}, errors.PayloadTooLarge),
        (422, {"code": "url_not_allowed", "detail": "No."}, errors.UrlNotAllowed),
        (429, {"code": "quota_exceeded", "detail": "Full."}, errors.QuotaExceeded),
        (401, {"code": "key_revoked", "detail": "Revoked."}, errors.StorageUnavailable),
        (429, {"code": "rate_limited", "detail": "Slow down."}, errors.StorageUnavailable),
        (503, {"message": "Service Unavailable"}, errors.StorageUnavailable),
        (302, {}, errors.StorageUnavailable),
        (201, {}, errors.StorageUnavailable),
        (201, [], errors.StorageUnavailable),
    ],
)
def test_a_refusal_keeps_its_reason_and_anything_else_may_be_tried_again(
    api: Api, status: int, problem: Any, kind: type[errors.ImageStoreError]
) -> None:
    api.answer = (status, {"Retry-After": "7", "Location": f"{api.url}/other"}, json.dumps(problem).encode())

    with pytest.raises(kind) as raised:
        stored(api)

    assert type(raised.value) is kind
    if kind is errors.StorageUnavailable:
        assert raised.value.retry_after == timedelta(seconds=7)
    assert len(api.requests) == 1


def test_what_is_no_json_may_be_tried_again(api: Api) -> None:
    api.answer = (502, {"Retry-After": "tomorrow"}, b"<html>")

    with pytest.raises(errors.StorageUnavailable) as raised:
        stored(api)

    assert raised.value.retry_after == timedelta(seconds=2)


def test_an_upload_takes_no_longer_than_there_is_time(api: Api) -> None:
    api.wait_seconds = 0.5

    with pytest.raises(errors.StorageUnavailable):
        stored(api, seconds=0.1)
    with pytest.raises(errors.DeadlineExceeded):
        stored(api, seconds=0)


def test_a_store_that_is_not_there_may_be_tried_again() -> None:
    with Api() as gone:
        pass

    with pytest.raises(errors.StorageUnavailable):
        stored(gone)
