"""The function that stores images: every way in, and every reason to refuse (A1, A3, A5, A7, A13, F5)."""

from __future__ import annotations

import base64
import hashlib
import json
from copy import deepcopy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.imaging import DecodeLimits, PillowProcessor
from image_store.domain.ids import created_at
from tests import pictures
from tests.functions.deployment import (
    API,
    CDN,
    IMAGE_ID,
    Context,
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

PICTURE = sent_bytes("upload/raw")

REFUSED = {
    "upload/not-an-image": (415, "unsupported_media_type"),
    "upload/wrong-type": (422, "content_type_mismatch"),
    "upload/truncated": (422, "invalid_image"),
    "upload/empty": (400, "invalid_request"),
    "upload/unknown-content-type": (415, "unsupported_media_type"),
    "upload/unknown-parameter": (400, "invalid_request"),
    "upload/broken-form": (400, "invalid_request"),
    "upload/form-without-file": (400, "invalid_request"),
    "upload/broken-base64": (400, "invalid_request"),
    "upload/broken-json": (400, "invalid_request"),
    "upload/two-sources": (400, "invalid_request"),
    "upload/unknown-field": (400, "invalid_request"),
    "upload/tag-of-5-kb": (400, "invalid_request"),
    "upload/control-characters": (400, "invalid_request"),
    "upload/metadata-of-5-kb": (422, "attributes_too_large"),
    "upload/reference-made-public": (400, "invalid_request"),
    "upload/already-expired": (400, "invalid_request"),
    "upload/no-subject": (401, "invalid_token"),
}


@pytest.mark.parametrize("name", ["upload/raw", "upload/form", "upload/base64", "upload/data-uri"])
def test_each_way_in_stores_the_same_image(store: Deployment, name: str) -> None:
    """A1: raw bytes, a form, base64 and a data URI."""
    answer = store.answer_to(name)

    image = answer.json
    assert (answer.status, answer.headers["Content-Type"]) == (201, "application/json")
    assert answer.headers["Location"] == f"{API}/v1/images/{IMAGE_ID}"
    assert answer.headers["ETag"] == '"2"'
    assert (image["id"], image["status"], image["filename"]) == (IMAGE_ID, "ready", "squares.png")
    assert (image["content_type"], image["width"], image["height"]) == ("image/png", 16, 12)
    assert (image["size_bytes"], image["sha256"]) == (len(PICTURE), hashlib.sha256(PICTURE).hexdigest())
    assert (image["tags"], image["groups"]) == (["four", "squares"], {"session": ["s1"]})
    assert (image["visibility"], image["public_url"]) == ("private", None)


def test_the_status_tells_an_image_that_existed_from_a_new_one(store: Deployment) -> None:
    answers = [
        store.call(with_query(event("upload/raw"), f"on_duplicate={rule}"), function="upload")
        for rule in ("return_existing", "return_existing", "keep")
    ]

    assert [answer.status for answer in answers] == [201, 200, 201]
    assert ["Location" in answer.headers for answer in answers] == [True, False, True]
    assert answers[1].json == answers[0].json


def test_an_item_of_a_batch_tells_whether_its_image_existed(store: Deployment) -> None:
    item = {"source": {"base64": base64.b64encode(PICTURE).decode()}, "on_duplicate": "return_existing"}
    request = event("upload/batch") | {"body": json.dumps({"items": [item]}), "isBase64Encoded": False}

    results = [store.call(request, function="upload").json["successful"] for _ in range(2)]

    assert [[each["existed"] for each in result] for result in results] == [[False], [True]]


def test_a_repeat_of_a_request_has_the_status_of_the_first(store: Deployment) -> None:
    request = with_headers(
        with_query(event("upload/raw"), "on_duplicate=return_existing"), **{"idempotency-key": "once"}
    )

    answers = [store.call(request, function="upload") for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[1].json["id"] == answers[0].json["id"]


def test_the_original_is_stored_byte_for_byte_with_two_renditions_below_the_months_folder(
    store: Deployment,
) -> None:
    """A2: the layout of a deployment that chose none is by kind and month."""
    store.answer_to("upload/raw")

    objects = store.private_bucket.objects
    folder = f"images/upload/2026/03/{IMAGE_ID}/"
    assert {key.rpartition("/")[2].partition(".")[0] for key in objects} == {"original", "thumb", "display"}
    assert all(key.startswith(folder) for key in objects)
    (original,) = (file for key, file in objects.items() if key.endswith("/original.png"))
    assert original.data == PICTURE
    assert original.metadata["sha256"] == hashlib.sha256(PICTURE).hexdigest()
    assert not store.public_bucket.objects


def test_an_image_stored_as_public_is_on_the_cdn_at_once(store: Deployment) -> None:
    """A9, A10: its copies carry the Cache-Control that was asked for."""
    image = store.answer_to("upload/public").json

    copies = store.public_bucket.objects
    urls = {rendition["url"] for rendition in image["renditions"].values()}
    assert urls == {f"{CDN}/{key}" for key in copies}
    assert {file.cache_control for file in copies.values()} == {"public, max-age=60"}
    assert image["public_url"].startswith(f"{API}/i/")


def test_names_in_many_scripts_come_back_as_they_were(store: Deployment) -> None:
    """A5: text in any script survives the way into the store and out of it."""
    created = store.answer_to("upload/many-scripts")
    read = store.answer_to("retrieve/image")

    image = read.json
    assert (created.status, read.status) == (201, 200)
    assert (image["filename"], image["title"]) == ("Грёза 夢 🌊.png", "حلم")
    assert image["alt_text"] == "שלום — a “dream” of 猫 🐈\u200d⬛"
    assert (image["tags"], image["category"]) == (["เมฆ", "बादल", "구름"], "σκίτσα")
    assert (image["generation"]["prompt"], image["generation"]["seed"]) == ("Träume für immer", -1)


def test_a_filename_of_a_form_comes_back_in_its_script(store: Deployment) -> None:
    """A1, A5: browsers send the names of files in UTF-8 (RFC 7578, section 5.1)."""
    answer = store.answer_to("upload/form-with-cyrillic-filename")

    assert (answer.status, answer.json["filename"]) == (201, "Квадраты.png")


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_upload_is_refused_and_leaves_nothing(store: Deployment, name: str) -> None:
    """A3, F5: a typed problem, and neither a row nor an object."""
    answer = store.answer_to(name)

    assert_refused(answer, *REFUSED[name])
    assert store.is_empty()


def test_a_problem_names_the_fault_and_never_repeats_the_input(store: Deployment) -> None:
    """F5: validation errors give location, type and message."""
    answer = store.answer_to("upload/tag-of-5-kb")

    (fault,) = answer.json["errors"]
    assert fault["loc"] == ["body", "tags", 0]
    assert set(fault) == {"loc", "type", "msg"}
    assert "xxxx" not in answer.text


def test_a_body_above_the_limit_is_refused_and_sends_to_direct_upload(store: Deployment) -> None:
    sent = with_bytes(event("upload/raw"), PICTURE + bytes(4_700_000))

    answer = store.call(sent, function="upload")

    assert_refused(answer, 413, "payload_too_large")
    assert store.is_empty()


def test_an_animation_too_long_to_keep_moving_is_stored_with_a_warning(store: Deployment) -> None:
    """A3, B2: what is accepted and not shown in full is said."""
    store.ports.processor = PillowProcessor(DecodeLimits(max_animated_frames=2))
    sent = with_bytes(with_headers(event("upload/raw"), content_type="image/gif"), pictures.animation("GIF"))

    answer = store.call(sent, function="upload")

    assert answer.status == 201
    assert answer.json["renditions"]["display"]["content_type"] != "image/webp"
    assert "display" in answer.json["warnings"][0]


def test_an_animation_is_shown_moving(store: Deployment) -> None:
    """B2: the display of an animation is one."""
    sent = with_bytes(with_headers(event("upload/raw"), content_type="image/gif"), pictures.animation("GIF"))

    answer = store.call(sent, function="upload")

    assert answer.json["renditions"]["display"]["content_type"] == "image/webp"
    assert answer.json["warnings"] == []


def test_a_repeated_request_with_its_key_stores_one_image(store: Deployment) -> None:
    first, again = store.answer_to("upload/idempotent"), store.answer_to("upload/idempotent")

    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert len(store.private_bucket.objects) == 3


@pytest.mark.parametrize("what", ["bytes", "query", "type"])
def test_the_key_of_another_request_is_a_mismatch(store: Deployment, what: str) -> None:
    sent = event("upload/idempotent")
    store.call(sent, function="upload")
    before = store.contents()
    other = {
        "bytes": with_bytes(sent, PICTURE + b" "),
        "query": with_query(sent, "filename=other.png"),
        "type": with_headers(sent, content_type="image/apng"),
    }[what]

    answer = store.call(other, function="upload")

    assert_refused(answer, 422, "idempotency_mismatch")
    assert store.contents() == before


@pytest.mark.parametrize("content_type", ["image/png; charset=binary", "IMAGE/PNG"])
def test_parameters_and_case_of_a_type_make_no_other_request(store: Deployment, content_type: str) -> None:
    sent = event("upload/idempotent")
    first = store.call(sent, function="upload")

    again = store.call(with_headers(sent, content_type=content_type), function="upload")

    assert (again.status, again.json) == (201, first.json)


def test_two_owners_may_use_the_same_key(store: Deployment) -> None:
    """A8: a key is bound to its owner."""
    sent = event("upload/idempotent")
    mine = store.call(sent, function="upload")

    theirs = store.call(from_owner(sent, "bob"), function="upload")

    assert (mine.status, theirs.status) == (201, 201)
    assert theirs.json["id"] != mine.json["id"]


def test_a_second_copy_is_refused_with_the_id_of_the_first(store: Deployment) -> None:
    """A13: on_duplicate=reject."""
    store.answer_to("upload/raw")
    before = store.contents()

    answer = store.answer_to("upload/rejects-duplicates")

    assert_refused(answer, 409, "duplicate_image")
    assert answer.json["existing_id"] == IMAGE_ID
    assert store.contents() == before


def test_a_quota_that_is_used_up_refuses_the_next_image(deployed: Callable[..., Deployment]) -> None:
    store = deployed(QUOTA_IMAGES="1")
    store.answer_to("upload/raw")
    before = store.contents()

    answer = store.answer_to("upload/base64")

    assert_refused(answer, 429, "quota_exceeded")
    assert store.contents() == before


@pytest.mark.parametrize(
    ("cap", "value", "content_type", "data", "refusal"),
    [
        ("MAX_BYTES", "700", "image/png", pictures.png(64, 64), (413, "payload_too_large")),
        ("MAX_PIXELS", "4095", "image/png", pictures.png(64, 64), (413, "image_too_large")),
        ("MAX_FRAMES", "3", "image/gif", pictures.animation("GIF"), (422, "too_many_frames")),
        ("MAX_FRAME_PIXELS", "24575", "image/gif", pictures.animation("GIF"), (422, "too_many_frames")),
        ("MAX_METADATA_BYTES", "9", "image/jpeg", pictures.jpeg(64, 64), (422, "invalid_image")),
        ("MAX_DECODE_MEGABYTES", "0", "image/png", pictures.png(64, 64), (413, "image_too_large")),
        ("MAX_DECODE_SECONDS", "0", "image/gif", pictures.animation("GIF"), (422, "too_many_frames")),
    ],
)
def test_what_is_beyond_a_cap_of_the_deployment_is_refused(
    deployed: Callable[..., Deployment],
    cap: str,
    value: str,
    content_type: str,
    data: bytes,
    refusal: tuple[int, str],
) -> None:
    """A3: limits on bytes, pixels, frames, metadata, memory and time, each with its code."""
    sent = with_bytes(with_headers(event("upload/raw"), content_type=content_type), data)
    accepting, refusing = deployed(), deployed(**{cap: value})

    accepted = accepting.call(sent, function="upload")
    refused = refusing.call(sent, function="upload")

    assert accepted.status == 201
    assert_refused(refused, *refusal)
    assert refusing.is_empty()


def test_an_upload_without_time_left_is_refused_as_safe_to_repeat(store: Deployment) -> None:
    """A4: what could not be finished has not begun."""
    answer = store.call(
        event("upload/raw"), function="upload", context=Context(remaining=timedelta(seconds=4))
    )

    assert_refused(answer, 503, "deadline_exceeded")
    assert answer.headers["Retry-After"] == "1"
    assert store.is_empty()


def test_a_deployment_without_a_public_bucket_signs_the_links_of_public_images(
    deployed: Callable[..., Deployment],
) -> None:
    """A9: the fallback when no custom domain is configured."""
    store = deployed(PUBLIC_BUCKET="", PUBLIC_URL="")

    image = store.answer_to("upload/public").json

    assert image["visibility"] == "public"
    assert image["renditions"]["thumb"]["url"].startswith("https://private.invalid/")
    assert not store.public_bucket.objects


def test_links_use_the_configured_address_instead_of_the_gateways(
    deployed: Callable[..., Deployment],
) -> None:
    store = deployed(API_URL="https://images.example.com/")

    answer = store.answer_to("upload/raw")

    assert answer.headers["Location"] == f"https://images.example.com/v1/images/{IMAGE_ID}"
    assert answer.json["url"] == f"https://images.example.com/v1/images/{IMAGE_ID}/content"


def test_a_broken_setting_is_an_internal_error_that_reveals_nothing(
    deployed: Callable[..., Deployment],
) -> None:
    """F5: nothing internal leaks."""
    store = deployed(KEY_LAYOUT="by-mood")

    answer = store.answer_to("upload/raw")

    assert_refused(answer, 500, "internal_error")
    assert "KEY_LAYOUT" not in answer.text
    assert store.is_empty()


def as_admin(sent: dict[str, Any]) -> dict[str, Any]:
    """The same request of an admin."""
    changed = deepcopy(sent)
    changed["requestContext"]["authorizer"]["lambda"]["scopes"] += " images:admin"
    return changed


@pytest.mark.parametrize("function", ["upload", "direct"])
def test_only_an_admin_gives_an_image_the_date_that_it_has_elsewhere(
    store: Deployment, function: str
) -> None:
    date = "2009-08-07T06:05:04.321Z"
    if function == "upload":
        sent = with_query(event("upload/raw"), f"created_at={date}")
    else:
        sent = event("direct/begin")
        sent["body"] = json.dumps(json.loads(sent["body"]) | {"created_at": date})

    refused = store.call(sent, function=function)
    was_empty = store.is_empty()
    stored = store.call(as_admin(sent), function=function)

    assert_refused(refused, 403, "admin_required")
    assert was_empty
    assert stored.status in {200, 201}
    assert created_at(stored.json.get("id") or stored.json["image_id"]) == datetime.fromisoformat(date)
