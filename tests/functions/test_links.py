"""The function that serves public links to everybody (A8, A9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functions.deployment import CDN, Deployment, assert_refused, event

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_events_name_the_link_of_the_first_published_image(store: Deployment) -> None:
    image = store.answer_to("upload/public").json

    assert image["public_url"].endswith(event("links/display")["rawPath"])


@pytest.mark.parametrize("preset", ["display", "thumb"])
def test_a_link_leads_to_the_copy_on_the_cdn(store: Deployment, preset: str) -> None:
    store.answer_to("upload/public")

    answer = store.answer_to(f"links/{preset}")

    location = answer.headers["Location"]
    assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (302, "", "public, max-age=60")
    assert location.removeprefix(f"{CDN}/") in store.public_bucket.objects
    assert location.rpartition("/")[2].startswith(f"{preset}.")


def test_a_rendition_of_a_published_image_is_made_and_copied_when_it_is_asked_for(store: Deployment) -> None:
    """B2."""
    store.answer_to("upload/public")

    answer = store.answer_to("links/w640")

    location = answer.headers["Location"]
    assert (answer.status, answer.headers["Cache-Control"]) == (302, "public, max-age=60")
    assert answer.headers["Vary"] == "Accept, Origin"
    assert location.rpartition("/")[2] == "w640.webp"
    assert store.public_bucket.objects[location.removeprefix(f"{CDN}/")].content_type == "image/webp"


def test_a_substitute_for_a_missing_rendition_is_not_cached(store: Deployment) -> None:
    store.answer_to("upload/public")
    store.lambda_client.fails = True

    answer = store.answer_to("links/w640")

    assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, no-store")
    assert answer.headers["Location"].startswith(f"{CDN}/p/")


def test_unpublishing_removes_the_copy_of_what_was_made_on_request(store: Deployment) -> None:
    store.answer_to("upload/public")
    store.answer_to("links/w640")

    store.answer_to("update/made-private")

    assert store.public_bucket.objects == {}
    assert_refused(store.answer_to("links/w640"), 404, "image_not_found")


def test_without_a_public_bucket_a_link_leads_to_a_signed_one(deployed: Callable[..., Deployment]) -> None:
    """A9: the fallback; no shared cache may keep the redirect."""
    store = deployed(PUBLIC_BUCKET="", PUBLIC_URL="")
    store.answer_to("upload/public")

    answer = store.answer_to("links/thumb")

    assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, no-store")
    assert answer.headers["Location"].startswith("https://private.invalid/")


@pytest.mark.parametrize("name", ["links/original", "links/dead", "links/not-a-link"])
def test_what_is_not_the_current_link_of_a_rendition_is_not_found(store: Deployment, name: str) -> None:
    """A8: a guess and a link that has died are answered alike, and originals have no link."""
    store.answer_to("upload/public")

    answer = store.answer_to(name)

    assert_refused(answer, 404, "image_not_found")


def test_the_link_of_an_image_made_private_never_works_again(store: Deployment) -> None:
    """A8: publishing again makes another link."""
    store.answer_to("upload/public")
    store.answer_to("update/made-private")
    again = store.answer_to("update/published").json

    answer = store.answer_to("links/display")

    assert_refused(answer, 404, "image_not_found")
    assert not again["public_url"].endswith(event("links/display")["rawPath"])
