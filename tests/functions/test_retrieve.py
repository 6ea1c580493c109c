"""The function that shows an owner an image (A8, B1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_store.domain.images.media import MediaType, sniff
from tests.functions.deployment import (
    API,
    IMAGE_ID,
    Deployment,
    assert_refused,
    event,
    with_headers,
    with_query,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE_FOLDER = f"https://private.invalid/images/upload/2026/03/{IMAGE_ID}/"

NOT_FOUND = [
    "retrieve/id-in-capitals",
    "retrieve/unknown-id",
    "retrieve/of-somebody-else",
    "retrieve/content-of-somebody-else",
]


@pytest.fixture(autouse=True)
def stored(store: Deployment) -> None:
    store.answer_to("upload/raw")


def test_an_image_is_answered_as_it_was_stored(store: Deployment) -> None:
    """B1: metadata with a validator, kept by no shared cache."""
    answer = store.answer_to("retrieve/image")

    assert (answer.status, answer.json["id"], answer.json["status"]) == (200, IMAGE_ID, "ready")
    assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == ('"2"', "private, no-cache")
    assert answer.json["url"] == f"{API}/v1/images/{IMAGE_ID}/content"
    assert answer.json["created_at"] == answer.json["updated_at"] == "2026-03-01T12:00:00.000Z"
    assert set(answer.json["renditions"]) == {"thumb", "display"}


def test_an_owner_sees_who_owns_the_image(store: Deployment) -> None:
    sent = event("retrieve/image")

    answer = store.call(sent, function="retrieve")

    assert answer.json["owner_id"] == sent["requestContext"]["authorizer"]["lambda"]["owner"]


def test_the_current_version_is_answered_with_304_without_a_body(store: Deployment) -> None:
    """B1: 304."""
    answer = store.answer_to("retrieve/current-version")

    assert (answer.status, answer.text, answer.headers["ETag"]) == (304, "", '"2"')


def test_a_version_that_is_not_current_is_answered_in_full(store: Deployment) -> None:
    sent = with_headers(event("retrieve/current-version"), if_none_match='"1", W/"3"')

    answer = store.call(sent, function="retrieve")

    assert (answer.status, answer.json["id"]) == (200, IMAGE_ID)


@pytest.mark.parametrize("name", ["retrieve/content", "retrieve/head-of-content"])
def test_the_bytes_are_behind_a_signed_link_that_no_cache_keeps(store: Deployment, name: str) -> None:
    """B1: nothing is capped by Lambda; the original is saved under its name."""
    answer = store.answer_to(name)

    location = answer.headers["Location"]
    assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (302, "", "private, no-store")
    assert location.startswith(PRIVATE_FOLDER)
    assert "/original.png?filename=squares.png&" in location


def test_a_thumb_is_behind_a_link_of_its_own(store: Deployment) -> None:
    answer = store.answer_to("retrieve/thumb")

    assert answer.status == 302
    assert answer.headers["Location"].startswith(PRIVATE_FOLDER)
    assert "/thumb." in answer.headers["Location"]


def test_a_rendition_is_made_when_it_is_asked_for_and_found_from_then_on(store: Deployment) -> None:
    """B2: in the format that the browser likes best."""
    first, again = store.answer_to("retrieve/w640"), store.answer_to("retrieve/w640")

    location = first.headers["Location"]
    assert (first.status, first.headers["Cache-Control"]) == (302, "private, no-store")
    assert first.headers["Vary"] == "Accept"
    assert location.startswith(PRIVATE_FOLDER)
    key = location.removeprefix("https://private.invalid/").partition("?")[0]
    file = store.private_bucket.objects[key]
    assert (file.content_type, sniff(file.data)) == ("image/avif", MediaType.AVIF)
    assert again == first
    assert store.lambda_client.invoked == [("image-store-render", event("render/rendition"))]


@pytest.mark.parametrize(
    ("accept", "extension"), [("image/jpeg", "jpg"), ("image/webp", "webp"), ("*/*", "webp")]
)
def test_a_rendition_is_made_in_the_format_that_is_accepted(
    store: Deployment, accept: str, extension: str
) -> None:
    """B2."""
    answer = store.call(with_headers(event("retrieve/w640"), accept=accept), function="retrieve")

    name = answer.headers["Location"].partition("?")[0].rpartition("/")[2]
    assert name.startswith("w640-")
    assert name.endswith(f".{extension}")


def test_while_a_rendition_cannot_be_made_the_nearest_is_shown(store: Deployment) -> None:
    store.lambda_client.fails = True

    answer = store.answer_to("retrieve/w640")

    assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, no-store")
    assert "/display." in answer.headers["Location"] or "/thumb." in answer.headers["Location"]


def test_what_was_made_on_request_changes_neither_the_image_nor_its_validator(store: Deployment) -> None:
    before = store.answer_to("retrieve/image")
    store.answer_to("retrieve/w640")

    assert store.answer_to("retrieve/image") == before


def test_a_deployment_names_its_own_presets(deployed: Callable[..., Deployment]) -> None:
    store = deployed(PRESETS="w320=320x")
    store.answer_to("upload/raw")

    known = store.call(with_query(event("retrieve/w640"), "rendition=w320"), function="retrieve")
    unknown = store.answer_to("retrieve/w640")

    assert "/w320-" in known.headers["Location"]
    assert_refused(unknown, 400, "invalid_request")


def test_a_rendition_that_no_preset_makes_is_refused(store: Deployment) -> None:
    answer = store.answer_to("retrieve/unknown-rendition")

    assert_refused(answer, 400, "invalid_request")
    assert answer.json["errors"][0]["loc"] == ["query", "rendition"]


@pytest.mark.parametrize("query", ["rendition=thumb&rendition=thumb", "rendition=", "colour=red"])
def test_a_query_that_means_nothing_is_refused(store: Deployment, query: str) -> None:
    answer = store.call(with_query(event("retrieve/content"), query), function="retrieve")

    assert_refused(answer, 400, "invalid_request")


@pytest.mark.parametrize("name", NOT_FOUND)
def test_missing_images_and_those_of_other_users_are_not_found(store: Deployment, name: str) -> None:
    """A8: nobody learns that somebody else's image exists."""
    answer = store.answer_to(name)

    assert_refused(answer, 404, "image_not_found")


def test_missing_and_foreign_images_are_answered_alike(store: Deployment) -> None:
    """A8."""
    missing, foreign = store.answer_to("retrieve/unknown-id"), store.answer_to("retrieve/of-somebody-else")

    assert missing == foreign


def test_a_request_whose_token_was_refused_is_unauthorized(store: Deployment) -> None:
    answer = store.answer_to("retrieve/no-subject")

    assert_refused(answer, 401, "invalid_token")


def test_an_address_that_no_route_serves_is_not_found(store: Deployment) -> None:
    sent = event("retrieve/image") | {"rawPath": f"/v1/images/{IMAGE_ID}/secrets"}

    answer = store.call(sent, function="retrieve")

    assert_refused(answer, 404, "route_not_found")
