"""The functions of a deployment that encrypts what is sensitive (A17, C3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.fakes.dynamodb import all_items
from tests.functions.deployment import (
    Answer,
    Deployment,
    assert_refused,
    event,
    from_owner,
    sent_bytes,
    with_bytes,
    with_headers,
    with_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PROMPT = "A zanzibar lighthouse"
GENERATION = {"prompt": PROMPT, "negative_prompt": "quokkas", "model": "flux", "params": {"a": "b"}}
ANALYSIS = {"response_context": "marzipan", "tone_analysis": {"primary": "wistful"}}
SAID = {"kind": "generated", "generation": GENERATION, "analysis": ANALYSIS}
SECRETS = ("zanzibar", "quokkas", "marzipan", "wistful")


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    return deployed(ENCRYPT_SENSITIVE_FIELDS="true", PROVIDERS="pollinations")


def saying(name: str, **more: Any) -> dict[str, Any]:
    """An event with JSON that says more."""
    sent = event(name)
    return sent | {"body": json.dumps(json.loads(sent["body"]) | more), "isBase64Encoded": False}


def in_json(store: Deployment) -> dict[str, Any]:
    return answered(store.call(saying("upload/base64", **SAID), function="upload"))


def in_a_form(store: Deployment) -> dict[str, Any]:
    head = b"--b\r\nContent-Disposition: form-data; name="
    attributes = head + b'"attributes"\r\n\r\n' + json.dumps(SAID).encode() + b"\r\n"
    file = head + b'"file"; filename="a.png"\r\n\r\n' + sent_bytes("upload/raw") + b"\r\n--b--\r\n"
    sent = with_headers(event("upload/form"), content_type="multipart/form-data; boundary=b")
    return answered(store.call(with_bytes(sent, attributes + file), function="upload"))


def in_a_batch(store: Deployment) -> dict[str, Any]:
    item = json.loads(event("upload/base64")["body"]) | SAID
    answer = store.call(saying("upload/batch", items=[item]), function="upload")
    ((successful,),) = (answer.json["successful"],)
    image: dict[str, Any] = successful["image"]
    return image


def directly(store: Deployment) -> dict[str, Any]:
    begun = store.call(saying("direct/begin", **SAID), function="direct")
    key = unquote(urlsplit(begun.json["upload"]["url"]).path.removeprefix("/"))
    key = key.removeprefix("private/")
    store.private_bucket.put(
        key, sent_bytes("upload/raw"), content_type="image/png", cache_control="", metadata={}
    )
    sent = event("direct/complete")
    place = f"/v1/uploads/{begun.json['id']}/complete"
    return answered(store.call(sent | {"rawPath": place}, function="direct"))


def answered(answer: Answer) -> dict[str, Any]:
    assert answer.status == 201, answer.text
    image: dict[str, Any] = answer.json
    return image


WAYS_IN = [in_json, in_a_form, in_a_batch, directly]


def rows(store: Deployment) -> str:
    return repr(all_items(store.client, store.table))


def assert_told(image: dict[str, Any]) -> None:
    assert {name: image["generation"][name] for name in GENERATION} == GENERATION
    assert image["analysis"]["response_context"] == "marzipan"
    assert image["analysis"]["tone_analysis"]["primary"] == "wistful"
    assert (image["alt_text"], image["alt_text_source"]) == (None, "none")


@pytest.mark.parametrize("way_in", WAYS_IN)
def test_images_of_every_source_are_sealed_in_the_table_and_open_to_their_owner(
    store: Deployment, way_in: Callable[[Deployment], dict[str, Any]]
) -> None:
    stored = way_in(store)

    answer = store.answer_to("retrieve/image")

    assert_told(stored)
    assert answer.json == stored
    assert not [secret for secret in SECRETS if secret in rows(store)]


def test_a_record_that_is_migrated_is_sealed(store: Deployment) -> None:
    """A16."""
    record = json.loads(event("migrate/one-record")["body"])["source"]["record"]
    record["attributes"] = SAID
    sent = saying("migrate/one-record", source={"record": record})

    answer = store.call(sent, function="migrate")

    assert answer.json["progress"]["moved"] == 1, answer.text
    assert store.cipher.made == 1
    assert not [secret for secret in SECRETS if secret in rows(store)]


@pytest.mark.parametrize(
    ("name", "function"),
    [("update/details", "update"), ("retrieve/image", "retrieve"), ("delete/restore", "delete")],
)
def test_every_answer_with_an_image_shows_its_owner_everything_with_one_call(
    store: Deployment, name: str, function: str
) -> None:
    in_json(store)
    if function == "delete":
        store.answer_to("delete/trash")
    calls_before = store.cipher.asked

    answer = store.answer_to(name)

    assert answer.status == 200, answer.text
    assert answer.json["generation"]["prompt"] == PROMPT
    assert store.cipher.asked == calls_before + 1


def test_a_client_that_has_the_image_already_costs_no_call(store: Deployment) -> None:
    in_json(store)

    answer = store.call(with_headers(event("retrieve/image"), if_none_match="*"), function="retrieve")

    assert (answer.status, store.cipher.asked) == (304, 0)


def test_lists_and_bytes_cost_no_call(store: Deployment) -> None:
    in_json(store)

    answers = [store.answer_to(name) for name in ("list/newest", "retrieve/content", "retrieve/thumb")]

    assert [answer.status for answer in answers] == [200, 302, 302]
    assert (store.cipher.made, store.cipher.asked) == (1, 0)


def test_a_search_says_that_prompts_are_not_searched_and_finds_none(store: Deployment) -> None:
    """C3."""
    in_json(store)
    store.projected()

    by_prompt = store.call(with_query(event("search/words"), "q=zanzibar"), function="search").json
    by_name = store.answer_to("search/words").json

    assert by_prompt == {"items": [], "next_cursor": None, "not_searched": ["generation.prompt"]}
    assert len(by_name["items"]) == 1
    assert by_name["items"][0]["alt_text"] is None
    assert by_name["not_searched"] == ["generation.prompt"]


def test_without_encryption_a_search_leaves_nothing_out(deployed: Callable[..., Deployment]) -> None:
    """C3."""
    store = deployed()
    in_json(store)
    store.projected()

    page = store.call(with_query(event("search/words"), "q=zanzibar"), function="search").json

    assert len(page["items"]) == 1
    assert page["not_searched"] == []


def test_turned_off_it_seals_no_more_and_reads_what_was_sealed(store: Deployment) -> None:
    in_json(store)
    store.environment["ENCRYPT_SENSITIVE_FIELDS"] = "false"
    del store.settings, store.ports, store.application

    answer = store.answer_to("retrieve/image")

    assert_told(answer.json)
    assert not store.application.images.sealing.seals


def test_a_job_and_its_idempotency_key_leave_no_prompt_in_the_table(store: Deployment) -> None:
    """E1, E5."""
    item = {"prompt": PROMPT, "negative_prompt": "quokkas", "analysis": ANALYSIS, "n": 2}
    sent = with_headers(saying("generations/begin", items=[item]), idempotency_key="one")

    begun = store.call(sent, function="generations")
    again = store.call(sent, function="generations")

    assert begun.status == 202, begun.text
    assert begun.json["prompt"] is None
    assert {each["prompt"] for each in begun.json["items"]} == {None}
    assert again.json["id"] == begun.json["id"]
    assert store.cipher.made == 1
    assert not [secret for secret in SECRETS if secret in rows(store) + repr(store.to_generate.waiting)]


def test_the_owner_of_a_job_reads_its_sealed_requests_and_nobody_else_does(store: Deployment) -> None:
    body = {"items": [{"prompt": PROMPT, "negative_prompt": "quokkas"}]}
    begun = store.call(saying("generations/begin", **body), function="generations").json
    see = event("generations/see")
    see["pathParameters"]["job_id"] = begun["id"]
    see["rawPath"] = see["requestContext"]["http"]["path"] = f"/v1/generations/{begun['id']}"

    job = store.call(see, function="generations")
    whole = store.call(with_query(see, "requests=true"), function="generations")

    assert "zanzibar" not in job.text
    [item] = whole.json["items"]
    assert (item["prompt"], item["request"]["prompt"]) == (None, PROMPT)
    assert item["request"]["negative_prompt"] == "quokkas"
    stranger = from_owner(with_query(see, "requests=true"), "mallory")
    assert store.call(stranger, function="generations").status == 404


@pytest.mark.parametrize(
    ("seals", "logged"), [("true", "http://127.0.0.1"), ("false", "http://127.0.0.1/zanzibar")]
)
def test_the_log_has_no_path_of_an_address_that_may_hold_a_prompt(
    deployed: Callable[..., Deployment], caplog: pytest.LogCaptureFixture, seals: str, logged: str
) -> None:
    store = deployed(ENCRYPT_SENSITIVE_FIELDS=seals)

    answer = store.call(
        saying("upload/base64", source={"url": "http://127.0.0.1/zanzibar"}), function="upload"
    )

    assert_refused(answer, 422, "url_not_allowed")
    assert [entry.__dict__["url"] for entry in caplog.records if "url" in entry.__dict__] == [logged]


# Without KMS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function"),
    [("update/details", "update"), ("retrieve/image", "retrieve"), ("delete/restore", "delete")],
)
def test_without_the_key_service_a_sealed_image_is_unavailable_and_unchanged(
    store: Deployment, name: str, function: str
) -> None:
    in_json(store)
    if function == "delete":
        store.answer_to("delete/trash")
    before = store.contents()
    store.cipher.away = True

    answer = store.answer_to(name)

    assert_refused(answer, 503, "storage_unavailable")
    assert answer.headers["Retry-After"]
    assert store.contents() == before


def test_without_the_key_service_nothing_sensitive_is_stored(store: Deployment) -> None:
    store.cipher.away = True

    stored = store.call(saying("upload/base64", **SAID), function="upload")
    begun = store.call(saying("direct/begin", **SAID), function="direct")
    job = store.call(saying("generations/begin", items=[{"prompt": PROMPT}]), function="generations")

    for answer in (stored, begun, job):
        assert_refused(answer, 503, "storage_unavailable")
        assert answer.headers["Retry-After"]
    assert store.is_empty()


def test_without_the_key_service_lists_and_what_is_not_sealed_continue(store: Deployment) -> None:
    plain = store.answer_to("upload/raw")
    store.cipher.away = True

    answers = [store.answer_to(name) for name in ("list/newest", "retrieve/image", "upload/public")]

    assert plain.status == 201
    assert [answer.status for answer in answers] == [200, 200, 201]
