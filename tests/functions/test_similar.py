"""Images that look like another one, whichever way they were stored (B5)."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from tests import pictures
from tests.functions.deployment import (
    IMAGE_ID,
    Context,
    Deployment,
    assert_refused,
    event,
    sent_bytes,
    with_bytes,
    with_headers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURE = sent_bytes("upload/raw")
LONG = Context(remaining=timedelta(seconds=300))


def picture(size: tuple[int, int], *, seed: int = 1, **options: Any) -> bytes:
    return pictures.encoded(pictures.scene(480, 360, seed=seed).resize(size), "JPEG", **options)


def uploaded(store: Deployment, data: bytes, content_type: str = "image/jpeg") -> str:
    sent = with_headers(with_bytes(event("upload/raw"), data), content_type=content_type)
    answer = store.call(sent, function="upload")
    assert answer.status == 201, answer.text
    store.set_clock.instant += timedelta(seconds=1)
    return str(answer.json["id"])


@pytest.fixture
def ids(store: Deployment) -> list[str]:
    """A picture, a small copy of it, another one encoded anew, and one that is none of it; all projected."""
    stored = [
        uploaded(store, picture((480, 360), quality=95)),
        uploaded(store, picture((240, 180), quality=90)),
        uploaded(store, picture((480, 360), seed=7)),
        uploaded(store, picture((480, 360), quality=50)),
    ]
    store.projected()
    return stored


def test_copies_of_other_sizes_and_qualities_are_found_and_nothing_else(
    store: Deployment, ids: list[str]
) -> None:
    answer = store.answer_to("search/similar")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert {item["card"]["id"] for item in answer.json["items"]} == {ids[1], ids[3]}
    assert all(item.keys() == {"card", "distance"} for item in answer.json["items"])
    distances = [item["distance"] for item in answer.json["items"]]
    assert distances == sorted(distances)
    assert distances[-1] <= 3


@pytest.mark.usefixtures("ids")
def test_a_similar_image_is_shown_as_in_a_list(store: Deployment) -> None:
    cards = {card["id"]: card for card in store.answer_to("list/newest").json["items"]}

    items = store.answer_to("search/similar").json["items"]

    assert items
    assert [item["card"] for item in items] == [cards[item["card"]["id"]] for item in items]


@pytest.mark.usefixtures("ids")
def test_the_limit_bounds_the_number_of_similar_images(store: Deployment) -> None:
    assert (
        store.answer_to("search/similar-one").json["items"]
        == store.answer_to("search/similar").json["items"][:1]
    )


@pytest.mark.usefixtures("ids")
@pytest.mark.parametrize("name", ["search/similar-of-somebody-else", "search/similar-of-unknown-id"])
def test_foreign_and_unknown_images_answer_not_found(store: Deployment, name: str) -> None:
    """A8."""
    assert_refused(store.answer_to(name), 404, "image_not_found")


@pytest.mark.usefixtures("ids")
def test_an_image_in_the_trash_answers_not_found(store: Deployment) -> None:
    store.answer_to("delete/trash")

    assert_refused(store.answer_to("search/similar"), 404, "image_not_found")


@pytest.mark.usefixtures("ids")
def test_a_limit_above_fifty_is_refused(store: Deployment) -> None:
    assert_refused(store.answer_to("search/similar-limit-too-high"), 400, "invalid_request")


def by_direct_upload(store: Deployment) -> None:
    begun = store.answer_to("direct/begin")
    key = unquote(urlsplit(begun.json["upload"]["url"]).path.removeprefix("/"))
    store.private_bucket.put(key, PICTURE, content_type="image/png", cache_control="", metadata={})
    sent = event("direct/complete")
    path = sent["rawPath"].replace(IMAGE_ID, begun.json["id"])
    sent |= {"rawPath": path, "pathParameters": {"image_id": begun.json["id"]}}
    assert store.call(sent, function="direct").status == 201


def by_ingest(store: Deployment) -> None:
    store.dropped.put(
        "ingest/alice/squares.png", PICTURE, content_type="image/png", cache_control="", metadata={}
    )
    store.invoke("ingest", event("ingest/one-object"))


def by_migration(store: Deployment) -> None:
    store.dropped.put(
        "migrations/pictures/one.png", PICTURE, content_type="image/png", cache_control="", metadata={}
    )
    store.answer_to("migrate/begin-folder")
    while store.handed_over.waiting:
        worked(store, "work", "work/migrate-batch", store.handed_over.waiting.pop(0))


def by_generation(store: Deployment) -> None:
    store.answer_to("generations/begin")
    while store.to_generate.waiting:
        store.to_generate.delays.pop(0)
        worked(store, "generate", "generate/one-image", store.to_generate.waiting.pop(0))


def worked(store: Deployment, function: str, name: str, work: Any) -> None:
    """Do what was handed over."""
    sent = event(name)
    sent["Records"][0]["body"] = json.dumps({"work": type(work).__name__, **asdict(work)})
    store.set_clock.instant += timedelta(seconds=1)
    assert store.invoke(function, sent, context=LONG) == {"batchItemFailures": []}


@pytest.mark.parametrize("stored", [by_direct_upload, by_ingest, by_migration, by_generation])
def test_an_image_is_found_whichever_way_it_was_stored(
    deployed: Callable[..., Deployment], stored: Callable[[Deployment], None]
) -> None:
    store = deployed(
        PROVIDERS="pollinations,cloudflare,openai,google", PROVIDERS_SECRET="image-store/providers"
    )
    uploaded(store, PICTURE, "image/png")
    stored(store)
    store.projected()

    items = store.answer_to("search/similar").json["items"]

    assert items
    assert {item["distance"] for item in items} == {0}
