"""Upload tokens on their whole way: created by one function, let in by the authorizer, used up by two others."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.domain.callers.caller import key_holder
from image_store.domain.callers.scopes import Scope
from image_store.domain.callers.upload_tokens import token_text
from image_store.entrypoints.callers.verdicts import verdict_of
from tests.functions.aws_texts import SIGNING_SECRET
from tests.functions.deployment import (
    Answer,
    Deployment,
    assert_refused,
    event,
    sent_bytes,
    with_bytes,
    with_headers,
    with_query,
)

if TYPE_CHECKING:
    from image_store.domain.callers.caller import Caller

PICTURE = sent_bytes("upload/raw")
BACKEND = key_holder(
    "0123456789abcdef", owner="shop", scopes={Scope.WRITE_IMAGES, Scope.READ_IMAGES, Scope.ACT_AS}
)


def create(store: Deployment, body: dict[str, Any] | None = None, caller: Caller | None = None) -> Answer:
    """Send the request of `events/keys/upload-token`, with another body or by another caller."""
    sent = deepcopy(event("keys/upload-token"))
    if body is not None:
        sent["body"] = json.dumps(body)
    if caller is not None:
        sent["requestContext"]["authorizer"]["lambda"] = verdict_of(caller)
    return store.call(sent, function="keys")


def verdict_on(store: Deployment, token: str) -> dict[str, Any]:
    """What the authorizer finds out about a token."""
    sent = deepcopy(event("authorize/forged-upload-token"))
    sent["headers"]["authorization"], sent["identitySource"] = f"Bearer {token}", [f"Bearer {token}"]
    answer = store.invoke("authorize", sent)
    assert answer["isAuthorized"] is True
    verdict: dict[str, Any] = answer["context"]
    return verdict


def sent_with(store: Deployment, token: str, name: str) -> dict[str, Any]:
    """A request of `events/` with an upload token."""
    sent = deepcopy(event(name))
    sent["requestContext"]["authorizer"] = {"lambda": verdict_on(store, token)}
    return sent


def upload(store: Deployment, token: str, *, query: str = "", **headers: str) -> Answer:
    """Send the picture with a token."""
    sent = with_headers(with_query(sent_with(store, token, "upload/raw"), query), **headers)
    return store.call(sent, function="upload")


def test_a_user_creates_a_token_that_lets_a_browser_upload(store: Deployment) -> None:
    answer = store.answer_to("keys/upload-token")

    assert (answer.status, answer.headers["Cache-Control"]) == (201, "private, no-store")
    assert set(answer.json) == {"token", "expires_at"}
    assert answer.json["expires_at"] == "2026-03-01T12:10:00.000Z"
    verdict = verdict_on(store, answer.json["token"])
    token_id = answer.json["token"][4:20]
    assert verdict == {"name": f"upload_token:{token_id}", "owner": "alice", "scopes": "images:upload"}
    assert answer.json["token"] == token_text(token_id, SIGNING_SECRET["k1"])


def test_a_browser_uploads_what_the_token_allows_and_gets_its_image(store: Deployment) -> None:
    token = create(store).json["token"]

    answer = upload(store, token, query="title=Me&tag=a")

    assert answer.status == 201
    assert (answer.json["title"], answer.json["tags"]) == ("Me", ["a"])
    assert (answer.json["category"], answer.json["groups"]) == (None, {})
    record = store.repository.get(answer.json["id"])
    assert record is not None
    assert (record.record.owner, record.record.category) == ("alice", "avatars")
    assert record.details.groups == ("user:u1",)


def test_a_key_creates_tokens_for_the_owner_that_it_acts_for(store: Deployment) -> None:
    sent = deepcopy(event("keys/upload-token-for-owner"))
    sent["requestContext"]["authorizer"]["lambda"] = verdict_of(BACKEND)

    in_body = store.call(sent, function="keys")
    in_header = store.call(with_headers(sent | {"body": "{}"}, image_store_owner="bob"), function="keys")

    for answer in (in_body, in_header):
        assert answer.status == 201
        assert verdict_on(store, answer.json["token"])["owner"] == "bob"


def test_a_user_creates_no_token_for_another_owner(store: Deployment) -> None:
    assert_refused(store.answer_to("keys/upload-token-for-owner"), 403, "act_as_required")
    assert store.is_empty()


def test_a_token_that_contradicts_itself_is_refused(store: Deployment) -> None:
    answer = store.answer_to("keys/upload-token-contradiction")

    assert_refused(answer, 400, "invalid_request")
    assert store.is_empty()


@pytest.mark.parametrize(
    "body",
    [
        {"expires_in": 59},
        {"expires_in": 86_401},
        {"expires_in": "60"},
        {"max_images": 0},
        {"max_images": 1_001},
        {"max_bytes": 0},
        {"content_types": ["image/svg+xml"]},
        {"content_types": ["image/png"] * 6},
        {"may_set": ["owner"]},
        {"may_set": ["on_duplicate"]},
        {"may_set": "title"},
        {"attributes": {"generation": {"prompt": "p"}}},
        {"attributes": {"analysis": {}}},
        {"attributes": {"on_duplicate": "return_existing"}},
        {"attributes": {"expires_at": "2026-03-01T12:00:00Z"}},
        {"attributes": {"kind": "reference", "visibility": "public"}},
        {"attributes": {"id": "x"}},
        {"owner": "a\nb"},
        {"owner": ""},
        {"name": "x"},
        [],
    ],
    ids=str,
)
def test_a_wrong_request_creates_nothing(store: Deployment, body: Any) -> None:
    assert_refused(create(store, body), 400, "invalid_request")
    assert store.is_empty()


def test_attributes_that_are_too_large_create_nothing(store: Deployment) -> None:
    answer = create(store, {"attributes": {"metadata": {"a": "x" * 5_000}}})

    assert_refused(answer, 422, "attributes_too_large")
    assert store.is_empty()


def test_neither_an_upload_token_nor_a_reader_creates_tokens(store: Deployment) -> None:
    token = create(store).json["token"]
    reader = key_holder("0123456789abcdef", owner="alice", scopes=set(Scope) - {Scope.WRITE_IMAGES})
    sent = sent_with(store, token, "keys/upload-token")

    assert_refused(store.call(sent, function="keys"), 403, "scope_required")
    assert_refused(create(store, caller=reader), 403, "scope_required")


def forged(token: str) -> dict[str, str]:
    """Every kind of text that is no valid token."""
    token_id, signature = token.removeprefix("iut_").split(".")
    other = "1" + token_id[1:]
    return {
        "another id": f"iut_{other}.{signature}",
        "no signature": f"iut_{token_id}",
        "an empty signature": f"iut_{token_id}.",
        "half a signature": f"iut_{token_id}.{signature[:11]}",
        "a longer signature": f"iut_{token_id}.{signature}A",
        "another key": token_text(token_id, "another key"),
        "the name of the current key as key": token_text(token_id, SIGNING_SECRET["current"]),
        "signed, and never created": token_text(other, SIGNING_SECRET["k1"]),
    }


@pytest.mark.parametrize("kind", forged("iut_0000000000000000.AAAAAAAAAAAAAAAAAAAAAA"))
@pytest.mark.parametrize("name", ["upload/raw", "direct/begin", "direct/complete", "list/newest"])
def test_a_token_that_is_not_valid_is_refused_on_every_route(store: Deployment, kind: str, name: str) -> None:
    token = create(store).json["token"]
    before = store.contents()

    text = forged(token)[kind]
    refused = store.call(sent_with(store, text, name), function=name.partition("/")[0])

    assert_refused(refused, 401, "invalid_token")
    assert text not in refused.text
    assert store.contents() == before


def test_a_token_ends_exactly_although_the_gateway_remembers_it(store: Deployment) -> None:
    token = create(store).json["token"]
    remembered = sent_with(store, token, "upload/raw")
    store.set_clock.instant += timedelta(minutes=10)

    refused = store.call(with_query(remembered, ""), function="upload")

    assert_refused(refused, 401, "invalid_token")
    assert "refusal" in verdict_on(store, token)


def test_no_part_of_a_token_is_logged(
    store: Deployment, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    token = create(store).json["token"]
    signature = token.partition(".")[2]

    upload(store, token)
    upload(store, token, query="visibility=public")
    verdict_on(store, f"{token}x")
    stored = json.dumps(store.contents()[0], default=str)

    for text in (*capsys.readouterr(), caplog.text, stored):
        assert signature not in text


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("visibility=public", 403, "upload_not_allowed"),
        ("category=avatars", 403, "upload_not_allowed"),
        ("on_duplicate=return_existing", 403, "upload_not_allowed"),
        ("title=a&filename=b.png", 403, "upload_not_allowed"),
        ("owner=bob", 400, "invalid_request"),
    ],
)
def test_what_the_token_does_not_allow_is_refused_and_not_counted(
    store: Deployment, query: str, status: int, code: str
) -> None:
    token = create(store).json["token"]
    before = store.contents()

    assert_refused(upload(store, token, query=query), status, code)

    assert store.contents() == before


def test_type_and_size_are_those_of_the_bytes(store: Deployment) -> None:
    jpeg = create(store, {"content_types": ["image/jpg"]}).json["token"]
    small = create(store, {"max_bytes": len(PICTURE) - 1}).json["token"]
    before = store.contents()

    assert_refused(upload(store, jpeg, content_type="image/jpeg"), 415, "unsupported_media_type")
    assert_refused(upload(store, small), 413, "payload_too_large")

    assert store.contents() == before


def test_one_image_more_than_the_token_allows_leaves_nothing(store: Deployment) -> None:
    token = create(store, {"max_images": 1}).json["token"]
    assert upload(store, token).status == 201
    before = store.contents()

    assert_refused(upload(store, token), 403, "upload_token_used_up")
    assert_refused(
        store.call(sent_with(store, token, "direct/begin"), function="direct"), 403, "upload_not_allowed"
    )

    assert store.contents() == before


def test_an_idempotency_key_repeats_a_tokens_own_upload_and_finds_nothing_else(store: Deployment) -> None:
    own = with_headers(with_query(deepcopy(event("upload/raw")), ""), idempotency_key="k")
    of_the_owner = store.call(own, function="upload").json["id"]
    tokens = [create(store, {}).json["token"] for _ in range(2)]

    first, again, other = (upload(store, token, idempotency_key="k") for token in (tokens[0], *tokens))

    assert first.status == again.status == other.status == 201
    assert first.json["id"] == again.json["id"]
    assert len({of_the_owner, first.json["id"], other.json["id"]}) == 3


def test_a_form_of_a_browser_names_its_file_without_harm(store: Deployment) -> None:
    token = create(store, {"may_set": ["title", "alt_text", "tags", "groups", "metadata"]}).json["token"]
    sent = sent_with(store, token, "upload/form-with-cyrillic-filename")
    sent = with_bytes(
        sent,
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="my secret.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + PICTURE + b"\r\n--x--\r\n",
    )

    answer = store.call(with_headers(sent, content_type="multipart/form-data; boundary=x"), function="upload")

    assert (answer.status, answer.json["filename"]) == (201, "image.png")


def test_a_url_is_not_fetched_with_a_token(store: Deployment) -> None:
    token = create(store, {}).json["token"]
    sent = sent_with(store, token, "upload/base64")
    sent["body"], sent["isBase64Encoded"] = '{"source": {"url": "https://example.com/a.png"}}', False

    assert_refused(store.call(sent, function="upload"), 403, "upload_not_allowed")


def test_a_direct_upload_begins_and_completes_with_one_token(store: Deployment) -> None:
    token = create(store, {"max_images": 1, "attributes": {"category": "large"}}).json["token"]
    sent = sent_with(store, token, "direct/begin")
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    body = {"content_type": "image/png", "size_bytes": len(PICTURE), "sha256": sha256}
    ticket = store.call(sent | {"body": json.dumps(body), "isBase64Encoded": False}, function="direct")
    assert ticket.status == 201
    [reserved] = [
        image for image_id in [ticket.json["id"]] if (image := store.repository.get(image_id)) is not None
    ]
    assert reserved.record.staging_key is not None
    store.private_bucket.put(
        reserved.record.staging_key, PICTURE, content_type="image/png", cache_control="", metadata={}
    )

    completion = sent_with(store, token, "direct/complete")
    path = f"/v1/uploads/{ticket.json['id']}/complete"
    completion["rawPath"] = completion["requestContext"]["http"]["path"] = path
    other = deepcopy(completion)
    other["requestContext"]["authorizer"] = {"lambda": verdict_on(store, create(store, {}).json["token"])}
    refused = store.call(other, function="direct")
    completed = store.call(completion, function="direct")

    assert_refused(refused, 404, "upload_not_found")
    assert (completed.status, completed.json["category"]) == (201, None)
