"""A1: uploads in JSON, whose bytes are in the body or at a URL."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_from_bytes

import pytest

from image_store.adapters.dynamodb.table import DynamoTable
from image_store.adapters.imaging import DecodeLimits, PillowProcessor
from image_store.adapters.remote import AddressRules, HttpFetcher
from image_store.adapters.system import SystemClock
from image_store.bootstrap import assemble, use
from image_store.bootstrap.clients import Clients
from image_store.bootstrap.ports import Ports
from image_store.domain.errors import UrlNotAllowed
from image_store.ports.images import RemoteFile
from image_store.settings import Settings
from tests.fakes.dynamodb import all_items, new_table
from tests.fakes.fetcher import MemoryFetcher
from tests.fakes.object_store import MemoryBucket
from tests.fakes.rows import DynamoRows
from tests.functions.handlers import Answer, call, handler, post_json
from tests.pictures import jpeg, png

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.fakes.dynamodb_client import MemoryDynamo

URL = "https://pictures.example/a/b%20c.png?signature=x"
PNG = png(40, 30)


class Store:
    """The upload function on a store in memory."""

    def __init__(self, client: MemoryDynamo) -> None:
        self.client = client
        self.table = new_table(client)
        settings = Settings.from_env({"PRIVATE_BUCKET": "private", "API_URL": "https://api.example.com"})
        self.ports = Ports(settings, Clients(settings.storage))
        self.app = assemble(self.ports, settings)
        self.bucket = MemoryBucket("private", clock=SystemClock(), peers={})
        self.ports.repository = self.ports.claims = DynamoRows(DynamoTable(self.table, client=lambda: client))
        self.ports.private = self.bucket
        self.ports.processor = PillowProcessor(DecodeLimits(max_pixels=1_000_000))
        self.fetcher = MemoryFetcher({URL: RemoteFile(PNG, "image/png")})
        self.ports.fetcher = self.fetcher
        self._function = handler("upload")

    def upload(self, source: Any, *, key: str | None = None, **attributes: Any) -> Answer:
        headers = {"idempotency-key": key} if key else {}
        return call(
            self._function, post_json("/v1/images", {"source": source, **attributes}, headers=headers)
        )

    def assert_nothing_stored(self) -> None:
        assert self.bucket.objects == {}
        assert all_items(self.client, self.table) == []


@pytest.fixture
def store(dynamodb: MemoryDynamo) -> Iterator[Store]:
    new_store = Store(dynamodb)
    use(lambda: new_store.app)
    yield new_store
    use(None)


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code), answer.body
    assert answer.headers["content-type"] == "application/problem+json"


# URLs ------------------------------------------------------------------------------------------------------


def test_an_image_at_a_url_is_stored_under_the_name_it_has_there(store: Store) -> None:
    answer = store.upload({"url": URL}, title="From elsewhere")

    assert answer.status == 201
    assert (answer.body["filename"], answer.body["content_type"]) == ("b c.png", "image/png")
    assert (answer.body["width"], answer.body["height"]) == (40, 30)
    assert answer.body["size_bytes"] == len(PNG)
    assert answer.body["title"] == "From elsewhere"
    assert PNG in {file.data for file in store.bucket.objects.values()}


def test_a_filename_that_is_given_goes_before_that_of_the_url(store: Store) -> None:
    answer = store.upload({"url": URL}, filename="mine.png")

    assert answer.body["filename"] == "mine.png"


def test_a_url_without_a_name_leaves_the_name_to_the_type(store: Store) -> None:
    store.fetcher.held["https://pictures.example/"] = RemoteFile(PNG, None)

    answer = store.upload({"url": "https://pictures.example/"})

    assert answer.body["filename"] == "image.png"


@pytest.mark.parametrize("content_type", [None, "application/octet-stream", "text/html"])
def test_the_bytes_decide_the_type_when_the_server_names_none(store: Store, content_type: str | None) -> None:
    store.fetcher.held[URL] = RemoteFile(PNG, content_type)

    assert store.upload({"url": URL}).body["content_type"] == "image/png"


def test_a_server_that_names_another_image_type_is_refused(store: Store) -> None:
    store.fetcher.held[URL] = RemoteFile(PNG, "image/jpeg")

    refused(store.upload({"url": URL}), 422, "content_type_mismatch")
    store.assert_nothing_stored()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [(b"<html>", 415, "unsupported_media_type"), (PNG[:200], 422, "invalid_image")],
)
def test_what_is_not_an_image_is_refused_as_in_any_upload(
    store: Store, data: bytes, status: int, code: str
) -> None:
    store.fetcher.held[URL] = RemoteFile(data, None)

    refused(store.upload({"url": URL}), status, code)
    store.assert_nothing_stored()


def test_a_repeat_with_the_same_key_answers_again_without_fetching_again(store: Store) -> None:
    first = store.upload({"url": URL}, key="k1")
    store.fetcher.held.clear()

    second = store.upload({"url": URL}, key="k1")

    assert second.status == 201
    assert second.body["id"] == first.body["id"]
    assert store.fetcher.asked == [URL]


def test_a_key_that_was_used_for_another_url_is_refused_without_fetching(store: Store) -> None:
    store.upload({"url": URL}, key="k1")

    answer = store.upload({"url": f"{URL}&again"}, key="k1")

    refused(answer, 422, "idempotency_mismatch")
    assert store.fetcher.asked == [URL]


def test_attributes_that_are_refused_are_refused_without_fetching(store: Store) -> None:
    answer = store.upload({"url": URL}, kind="reference", visibility="public")

    refused(answer, 400, "invalid_request")
    assert store.fetcher.asked == []


def test_a_key_whose_fetch_failed_may_be_used_again(store: Store) -> None:
    file = store.fetcher.held.pop(URL)
    refused(store.upload({"url": URL}, key="k1"), 422, "url_not_allowed")
    store.fetcher.held[URL] = file

    assert store.upload({"url": URL}, key="k1").status == 201


def test_the_same_bytes_from_a_url_are_a_duplicate_when_asked(store: Store) -> None:
    first = store.upload({"url": URL}, on_duplicate="reject")

    again = store.upload({"base64": base64.b64encode(PNG).decode()}, on_duplicate="reject")

    refused(again, 409, "duplicate_image")
    assert again.body["existing_id"] == first.body["id"]


def test_every_url_that_is_not_allowed_has_one_answer_and_stores_nothing(store: Store) -> None:
    reasons: list[str] = []

    def resolve(host: str) -> Sequence[str]:
        if host == "unknown.example":
            raise OSError("no such host")
        return ["10.1.2.3"]

    store.ports.fetcher = HttpFetcher(
        AddressRules(),
        clock=store.app.clock,
        report=lambda reason, _: reasons.append(reason),
        resolve=resolve,
    )
    urls = (
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/iam/",
        "http://internal.example/",
        "http://unknown.example/",
        "http://8.8.8.8:22/",
        "https://user:password@pictures.example/",
        "file:///etc/passwd",
        "",
        "not a URL",
        "http://\x00/",
    )

    answers = [store.upload({"url": url}) for url in urls]

    for answer in answers:
        refused(answer, 422, "url_not_allowed")
        assert answer.body == answers[0].body
        assert answer.headers == answers[0].headers
    assert answers[0].body["detail"] == UrlNotAllowed().message
    assert len(reasons) == len(urls)
    assert len(set(reasons)) > 6
    store.assert_nothing_stored()


def test_the_log_says_why_and_keeps_the_query_to_itself(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    del store.ports.fetcher  # the real one takes its place, and connects to nothing

    store.upload({"url": "http://127.0.0.1/a.png?signature=secret"})

    logged = str([vars(record) for record in caplog.records])
    assert "127.0.0.1 is not public" in logged
    assert "http://127.0.0.1/a.png" in logged
    assert "secret" not in logged


def test_no_fetcher_is_made_for_bytes_in_hand(store: Store) -> None:
    del store.ports.fetcher

    assert store.upload({"base64": base64.b64encode(PNG).decode()}).status == 201

    assert "fetcher" not in vars(store.app)


def test_a_url_that_is_too_long_is_an_invalid_request(store: Store) -> None:
    refused(store.upload({"url": "https://a.example/" + "a" * 2048}), 400, "invalid_request")


# Data URIs and base64 --------------------------------------------------------------------------------------

TEXT = base64.b64encode(PNG).decode()


@pytest.mark.parametrize(
    "uri",
    [
        f"data:image/png;base64,{TEXT}",
        f"DATA:IMAGE/PNG;BASE64,{TEXT}",
        f"data:image/png;name=a.png;base64,{TEXT}",
        f"data:image/png; base64,{TEXT}",
        f"data:;base64,{TEXT}",
        f"data:image/png;base64,{quote(TEXT, safe='')}",
        f"data:image/png;base64,{TEXT[:100]}\r\n {TEXT[100:]}",
        f"data:image/png,{quote_from_bytes(PNG)}",
        f"data:,{quote_from_bytes(PNG)}",
    ],
    ids=[
        "plain",
        "upper case",
        "a parameter",
        "a space",
        "no type",
        "escaped",
        "lines",
        "bytes",
        "bytes alone",
    ],
)
def test_a_data_uri_is_stored_in_each_of_its_forms(store: Store, uri: str) -> None:
    answer = store.upload({"data_uri": uri})

    assert answer.status == 201, answer.body
    assert (answer.body["content_type"], answer.body["size_bytes"]) == ("image/png", len(PNG))


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ({"data_uri": f"data:image/jpeg;base64,{TEXT}"}, 422, "content_type_mismatch"),
        ({"data_uri": f"data:text/plain;base64,{TEXT}"}, 422, "content_type_mismatch"),
        ({"data_uri": f"data:image/png;base64,{TEXT}%"}, 400, "invalid_request"),
        ({"data_uri": f"data:image/png;base64,{TEXT}é"}, 400, "invalid_request"),
        ({"data_uri": f"data:image/png;base64;{TEXT}"}, 400, "invalid_request"),
        ({"data_uri": "data:image/png;base64,"}, 400, "invalid_request"),
        ({"data_uri": "data:,"}, 400, "invalid_request"),
        ({"data_uri": "data:"}, 400, "invalid_request"),
        ({"data_uri": ""}, 400, "invalid_request"),
        ({"data_uri": TEXT}, 400, "invalid_request"),
        ({"data_uri": f"http://a.example/,{TEXT}"}, 400, "invalid_request"),
        ({"data_uri": "data:text/html,<script>"}, 415, "unsupported_media_type"),
        ({"data_uri": f"data:image/png;base64,{TEXT[:200]}"}, 422, "invalid_image"),
        ({"base64": "a$b"}, 400, "invalid_request"),
        ({"base64": TEXT[:-1]}, 400, "invalid_request"),
        ({"base64": ""}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        ({"base64": TEXT, "url": URL}, 400, "invalid_request"),
        ({"data_uri": f"data:image/png;base64,{TEXT}", "url": URL}, 400, "invalid_request"),
        ({"base64": TEXT, "data_uri": f"data:image/png;base64,{TEXT}"}, 400, "invalid_request"),
        ({"url": URL, "headers": {}}, 400, "invalid_request"),
        ({"url": 1}, 400, "invalid_request"),
        ({"url": [URL]}, 400, "invalid_request"),
        ("https://pictures.example/", 400, "invalid_request"),
    ],
)
def test_a_source_that_is_broken_is_refused_and_stores_nothing(
    store: Store, source: Any, status: int, code: str
) -> None:
    refused(store.upload(source), status, code)
    store.assert_nothing_stored()
    assert store.fetcher.asked == []


def test_a_data_uri_that_no_event_holds_is_too_large(store: Store) -> None:
    answer = store.upload({"data_uri": "data:image/png;base64," + "A" * 4_700_000})

    refused(answer, 413, "payload_too_large")
    store.assert_nothing_stored()


def test_another_picture_in_another_type_is_itself(store: Store) -> None:
    picture = jpeg(32, 24)

    answer = store.upload({"data_uri": f"data:image/jpg;base64,{base64.b64encode(picture).decode()}"})

    assert (answer.status, answer.body["content_type"]) == (201, "image/jpeg")
