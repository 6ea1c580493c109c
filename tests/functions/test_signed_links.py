"""The function that gives owners links for a time, and what strangers see by them (B3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from image_store.domain.images.media import MediaType, sniff
from tests.functions.deployment import API, Answer, Deployment, assert_refused, event, with_headers


@pytest.fixture(autouse=True)
def stored(store: Deployment) -> None:
    store.answer_to("upload/raw")


def follow(store: Deployment, url: str, *, accept: str = "*/*") -> Answer:
    """What whoever has a link is answered."""
    link = url.removeprefix(f"{API}/i/")
    sent = event("links/display")
    path = f"/i/{link}"
    context = sent["requestContext"] | {"http": sent["requestContext"]["http"] | {"path": path}}
    sent = sent | {"rawPath": path, "pathParameters": {"link": link}, "requestContext": context}
    return store.call(with_headers(sent, accept=accept), function="links")


def bytes_at(store: Deployment, answer: Answer) -> Any:
    assert (answer.status, answer.headers["Cache-Control"]) == (302, "private, no-store")
    key = answer.headers["Location"].removeprefix("https://private.invalid/").partition("?")[0]
    return store.private_bucket.objects[key]


def test_a_transform_is_made_for_anyone_with_its_link(store: Deployment) -> None:
    answer = store.answer_to("share/transform")

    file = bytes_at(store, follow(store, answer.json["url"]))
    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    assert answer.json["expires_at"] == "2026-03-01T12:10:00.000Z"
    assert (file.content_type, sniff(file.data)) == ("image/avif", MediaType.AVIF)
    assert store.lambda_client.invoked == [("image-store-render", event("render/transform"))]


def test_a_transform_is_made_once(store: Deployment) -> None:
    url = store.answer_to("share/transform").json["url"]

    first, again = follow(store, url), follow(store, url)

    assert first == again
    assert len(store.lambda_client.invoked) == 1


def test_the_function_makes_a_transform_that_it_is_asked_for(store: Deployment) -> None:
    for _ in range(2):
        store.invoke("render", event("render/transform"))

    [key] = [key for key in store.private_bucket.objects if key.startswith("transforms/")]
    assert key.endswith(".avif")


def test_a_link_without_a_word_shows_the_display_rendition_for_an_hour(store: Deployment) -> None:
    answer = store.answer_to("share/nothing-said")

    shown = follow(store, answer.json["url"])

    assert answer.json["expires_at"] == "2026-03-01T13:00:00.000Z"
    assert "/display." in shown.headers["Location"]
    bytes_at(store, shown)


def test_a_rendition_behind_a_link_comes_in_the_format_that_is_accepted(store: Deployment) -> None:
    url = store.answer_to("share/rendition").json["url"]

    shown = follow(store, url, accept="image/avif")

    assert shown.headers["Vary"] == "Accept"
    assert bytes_at(store, shown).content_type == "image/avif"


@pytest.mark.parametrize("end", ["time", "trash", "deletion"])
def test_an_expired_link_is_not_found(store: Deployment, end: str) -> None:
    url = store.answer_to("share/transform").json["url"]
    follow(store, url)

    if end == "time":
        store.set_clock.instant += timedelta(minutes=10)
    else:
        store.answer_to("delete/trash" if end == "trash" else "delete/permanent")

    assert_refused(follow(store, url), 404, "image_not_found")


def test_an_altered_link_is_not_found(store: Deployment) -> None:
    url = store.answer_to("share/transform").json["url"]
    at = len(f"{API}/i/") + 30
    altered = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1 :]

    answer = follow(store, altered)

    assert_refused(answer, 404, "image_not_found")
    assert answer == store.answer_to("links/not-a-link")
    assert store.lambda_client.invoked == []


def test_a_link_for_a_time_shows_no_other_rendition(store: Deployment) -> None:
    url = store.answer_to("share/nothing-said").json["url"]
    link = url.removeprefix(f"{API}/i/")
    sent = event("links/thumb")
    path = f"/i/{link}/thumb"
    context = sent["requestContext"] | {"http": sent["requestContext"]["http"] | {"path": path}}

    answer = store.call(sent | {"rawPath": path, "requestContext": context}, function="links")

    assert_refused(answer, 404, "image_not_found")


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("share/unknown-rendition", ["rendition"]),
        ("share/too-wide", ["expires_in", "fit", "gravity", "q", "w"]),
        ("share/format-without-size", []),
        ("share/rendition-with-size", []),
    ],
)
def test_what_cannot_be_shared_is_refused_with_its_faults(
    store: Deployment, name: str, places: list[str]
) -> None:
    answer = store.answer_to(name)

    assert_refused(answer, 400, "invalid_request")
    assert sorted(error["loc"][-1] for error in answer.json["errors"]) == (places or ["body"])


def test_nobody_shares_what_is_not_theirs(store: Deployment) -> None:
    assert_refused(store.answer_to("share/of-somebody-else"), 404, "image_not_found")
