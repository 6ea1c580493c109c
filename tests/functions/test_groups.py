"""Groups and tags as places: counts, titles, covers, and the end of a group (I3)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote

import pytest

from image_store.adapters.dynamodb import group_keys
from image_store.domain.finding import groups as limits
from tests.functions.deployment import (
    API,
    IMAGE_ID,
    Deployment,
    assert_refused,
    event,
    from_owner,
    sent_bytes,
    with_query,
)
from tests.functions.store_in_memory import StoreInMemory
from tests.functions.webhook_requests import body_of

SUMMER = "album:summer"
PICTURE = base64.b64encode(sent_bytes("upload/raw")).decode()


class Gallery:
    """A store with alice's images, whose projections follow each change."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.api = StoreInMemory(deployment)

    def add(self, *groups: str, tags: tuple[str, ...] = ()) -> str:
        """Store an image; the next one is stored a day later."""
        by_type: dict[str, list[str]] = {}
        for group in groups:
            group_type, _, group_id = group.partition(":")
            by_type.setdefault(group_type, []).append(group_id)
        image = self.api.post(
            "/v1/images", json={"source": {"base64": PICTURE}, "groups": by_type, "tags": tags}
        )
        self.deployment.projected()
        self.deployment.set_clock.instant += timedelta(days=1)
        return str(image["id"])

    def delete(self, image_id: str) -> None:
        self.api.delete(f"/v1/images/{image_id}")
        self.deployment.projected()

    def groups(self, query: str = "") -> list[dict[str, Any]]:
        """The groups of all pages."""
        return self._all("/v1/groups", query)

    def tags(self, query: str = "") -> list[dict[str, Any]]:
        """The tags of all pages."""
        return self._all("/v1/tags", query)

    def _all(self, path: str, query: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.api.get(f"{path}?{query}{cursor}")
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = f"&cursor={page['next_cursor']}"

    def end(self, group: str, images: str) -> tuple[int, list[Any]]:
        """End a group with as many requests as it needs."""
        count, cursor = 0, ""
        failed: list[Any] = []
        while True:
            path = f"/v1/groups/{quote(group)}?images={images}{cursor}"
            result = self.api._send("DELETE", path)  # noqa: SLF001 - its answer is read here
            count, failed = count + result["images"], failed + result["failed"]
            if result["next_cursor"] is None:
                self.deployment.projected()
                return count, failed
            cursor = f"&cursor={result['next_cursor']}"


@pytest.fixture
def gallery(store: Deployment) -> Gallery:
    return Gallery(store)


# Lists ------------------------------------------------------------------------------------------------


def test_a_group_is_listed_with_its_count_and_its_newest_image_as_cover(gallery: Gallery) -> None:
    gallery.add(SUMMER)
    newest = gallery.add(SUMMER, "conversation:c1")
    gallery.delete(gallery.add(SUMMER))

    answer = gallery.deployment.answer_to("search/groups")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-store")
    album, conversation = answer.json["items"]
    cover = album.pop("cover")
    assert album == {
        "group": SUMMER,
        "type": "album",
        "id": "summer",
        "title": None,
        "images": 2,
        "newest_at": "2026-03-02T12:00:00.000Z",
    }
    assert cover.keys() == {"id", "thumb_url", "placeholder", "width", "height"}
    card = gallery.api.get("/v1/images")["items"][0]
    assert cover["id"] == card["id"] == newest
    assert cover["placeholder"] == card["placeholder"]
    assert (conversation["group"], conversation["images"]) == ("conversation:c1", 1)
    assert answer.json["next_cursor"] is None


def test_tags_are_listed_with_their_counts_and_without_those_of_the_trash(gallery: Gallery) -> None:
    first = gallery.add(tags=("beach", "Été"))
    gallery.add(tags=("beach",))
    gallery.delete(first)

    answer = gallery.deployment.answer_to("search/tags")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-store")
    newest = {"tag": "beach", "images": 1, "newest_at": "2026-03-02T12:00:00.000Z"}
    assert answer.json == {"items": [newest], "next_cursor": None}


def test_the_cover_falls_back_when_the_newest_image_is_gone(gallery: Gallery) -> None:
    first = gallery.add(SUMMER, tags=("beach",))
    second = gallery.add(SUMMER, tags=("beach",))
    gallery.delete(second)

    (group,) = gallery.groups()

    assert (group["cover"]["id"], group["images"], group["newest_at"]) == (
        first,
        1,
        "2026-03-01T12:00:00.000Z",
    )
    assert gallery.tags()[0]["newest_at"] == "2026-03-01T12:00:00.000Z"


def test_names_are_sorted_and_found_whatever_their_case_and_accents(gallery: Gallery) -> None:
    names = ["Zebra", "école", "Ecole", "Étoile", "apple", "a#b/c d?e", "日本"]
    gallery.add(*(f"album:{name}" for name in names), tags=tuple(names))

    in_order = ["a#b/c d?e", "apple", "Ecole", "école", "Étoile", "Zebra", "日本"]
    assert [tag["tag"] for tag in gallery.tags("limit=2")] == in_order
    assert [group["id"] for group in gallery.groups("limit=2")] == in_order
    assert [tag["tag"] for tag in gallery.tags(f"prefix={quote('ÉC')}")] == ["Ecole", "école"]
    assert gallery.deployment.answer_to("search/tags-with-a-prefix").json["items"] == []
    assert [group["id"] for group in gallery.groups("type=album&prefix=et")] == ["Étoile"]
    assert [group["id"] for group in gallery.groups("prefix=album:a")] == ["a#b/c d?e", "apple"]
    assert gallery.groups("type=session") == []
    assert gallery.tags("prefix=%25") == []


def test_empty_groups_and_groups_of_images_are_one_list_of_short_pages(gallery: Gallery) -> None:
    for name in ("b", "d", "f"):
        gallery.api.post("/v1/groups", json={"type": "album", "id": name, "title": f"Title {name}"})
    gallery.add("album:a", "album:c", "album:d", "album:g", "session:s")

    for limit in range(1, 9):
        items = gallery.groups(f"limit={limit}")
        assert [(group["group"], group["images"]) for group in items] == [
            ("album:a", 1),
            ("album:b", 0),
            ("album:c", 1),
            ("album:d", 1),
            ("album:f", 0),
            ("album:g", 1),
            ("session:s", 1),
        ]
        assert [group["title"] for group in items][:4] == [None, "Title b", None, "Title d"]


def test_a_prefix_finds_groups_by_the_words_of_their_titles(gallery: Gallery) -> None:
    gallery.add("album:x1", "album:summer-2024")
    gallery.api.patch("/v1/groups/album:x1", {"title": "The Summer of 2023"})
    gallery.api.post("/v1/groups", json={"type": "album", "id": "a", "title": "Sümmer"})
    gallery.api.post("/v1/groups", json={"type": "album", "id": "b", "title": "Midsummer"})

    for limit in (1, 2, 10):
        items = gallery.groups(f"type=album&prefix=SUM&limit={limit}")
        assert [(group["id"], group["images"]) for group in items] == [
            ("a", 0),
            ("summer-2024", 1),
            ("x1", 1),
        ]
    of_a_type = gallery.deployment.answer_to("search/groups-of-a-type").json
    assert [group["id"] for group in of_a_type["items"]] == ["a", "summer-2024", "x1"]
    assert [group["id"] for group in gallery.groups("prefix=summer%20of")] == ["x1"]
    assert gallery.groups("type=session&prefix=SUM") == []


def test_nobody_sees_groups_and_tags_of_somebody_else(gallery: Gallery) -> None:
    """A8."""
    gallery.add(SUMMER, tags=("beach",))
    gallery.api.patch(f"/v1/groups/{SUMMER}", {"title": "Mine"})

    def asked(name: str, function: str = "search") -> Any:
        return gallery.deployment.call(from_owner(event(name), "bob"), function=function)

    assert asked("search/groups").json["items"] == asked("search/tags").json["items"] == []
    assert_refused(asked("search/group"), 404, "group_not_found")
    assert_refused(asked("update/group-cleared", "update"), 404, "group_not_found")
    assert asked("delete/group-keeping-images", "delete").json["images"] == 0
    assert gallery.groups()[0]["title"] == "Mine"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("search/groups-forged-cursor", "invalid_cursor"),
        ("search/tags-limit-too-high", "invalid_request"),
    ],
)
def test_wrong_queries_are_refused(store: Deployment, name: str, code: str) -> None:
    assert_refused(store.answer_to(name), 400, code)


def test_a_cursor_is_valid_for_its_own_list_alone(gallery: Gallery) -> None:
    gallery.add("album:a", "album:b", tags=("a", "b"))
    cursor = gallery.api.get("/v1/groups?limit=1")["next_cursor"]

    sent = with_query(event("search/groups"), f"type=album&cursor={cursor}")

    assert_refused(gallery.deployment.call(sent, function="search"), 400, "invalid_cursor")
    of_tags = with_query(event("search/tags"), f"cursor={cursor}")
    assert_refused(gallery.deployment.call(of_tags, function="search"), 400, "invalid_cursor")


# One group --------------------------------------------------------------------------------------------


def test_a_group_without_images_can_be_created(store: Deployment) -> None:
    answer = store.answer_to("update/group-new")

    empty = {"images": 0, "newest_at": None, "cover": None}
    whole = {"group": SUMMER, "type": "album", "id": "summer", "title": "Été à la mer", **empty}
    assert (answer.status, answer.json) == (201, whole)
    assert answer.headers["Location"] == f"{API}/v1/groups/album:summer"
    assert store.answer_to("search/group").json == whole
    assert store.answer_to("search/groups").json["items"] == [whole]
    assert_refused(store.answer_to("update/group-new"), 409, "group_exists")


def test_an_id_is_made_for_a_group_without_one(store: Deployment) -> None:
    ids = {store.answer_to("update/group-without-id").json["id"] for _ in range(2)}

    assert len(ids) == 2
    assert {group["id"] for group in store.answer_to("search/groups").json["items"]} == ids


def test_a_wrong_type_is_refused(store: Deployment) -> None:
    assert_refused(store.answer_to("update/group-of-a-wrong-type"), 400, "invalid_request")


def test_a_group_of_images_can_be_created_and_keeps_them(gallery: Gallery) -> None:
    gallery.add(SUMMER)

    created = gallery.deployment.answer_to("update/group-new").json

    assert (created["title"], created["images"], created["cover"]["id"]) == ("Été à la mer", 1, IMAGE_ID)


def test_title_and_cover_are_changed_and_cleared(gallery: Gallery) -> None:
    gallery.add(SUMMER)
    newest = gallery.add(SUMMER)

    changed = gallery.deployment.answer_to("update/group")

    assert changed.status == 200, changed.text
    assert (changed.json["title"], changed.json["cover"]["id"]) == ("Summer by the sea", IMAGE_ID)
    assert gallery.groups()[0] == changed.json
    cleared = gallery.deployment.answer_to("update/group-cleared").json
    assert (cleared["title"], cleared["cover"]["id"]) == (None, newest)


def test_a_patch_keeps_what_it_does_not_name(gallery: Gallery) -> None:
    gallery.add(SUMMER)
    gallery.deployment.answer_to("update/group")

    changed = gallery.api.patch(f"/v1/groups/{SUMMER}", {"title": "Another"})

    assert (changed["title"], changed["cover"]["id"]) == ("Another", IMAGE_ID)


def test_the_cover_falls_back_when_the_chosen_image_leaves_and_returns_with_it(gallery: Gallery) -> None:
    chosen, newest = gallery.add(SUMMER), gallery.add(SUMMER)
    gallery.deployment.answer_to("update/group")

    gallery.delete(chosen)
    in_list, alone = gallery.groups()[0], gallery.api.get(f"/v1/groups/{SUMMER}")
    gallery.deployment.answer_to("delete/restore")
    gallery.deployment.projected()

    assert in_list["cover"]["id"] == alone["cover"]["id"] == newest
    assert gallery.groups()[0]["cover"]["id"] == chosen


@pytest.mark.parametrize("cover", ["unknown", "somebody-else", "of-another-group"])
def test_a_cover_must_be_an_image_of_the_group(gallery: Gallery, cover: str) -> None:
    gallery.add(SUMMER)
    ids = {"unknown": "x", "somebody-else": "", "of-another-group": gallery.add("album:other")}
    bobs = StoreInMemory(gallery.deployment, owner="bob")
    bobs_image = bobs.post(
        "/v1/images", json={"source": {"base64": PICTURE}, "groups": {"album": ["summer"]}}
    )
    ids["somebody-else"] = bobs_image["id"]

    sent = body_of(event("update/group-with-a-foreign-cover"), cover_image_id=ids[cover])
    answer = gallery.deployment.call(sent, function="update")

    assert_refused(answer, 400, "invalid_request")
    assert answer.json["errors"][0]["loc"] == ["body", "cover_image_id"]


def test_a_group_that_is_not_there_is_not_found(store: Deployment) -> None:
    assert_refused(store.answer_to("search/group-unknown"), 404, "group_not_found")
    assert_refused(store.answer_to("update/group-cleared"), 404, "group_not_found")


def test_a_path_that_is_no_group_is_not_found(store: Deployment) -> None:
    sent = event("search/group") | {"rawPath": "/v1/groups/summer"}

    assert_refused(store.call(sent, function="search"), 404, "group_not_found")


@pytest.mark.parametrize("group_id", ["a/b", "50%", "what?ever", "a#b", "日本 語", "%2F", "été"])
def test_a_group_with_any_id_has_an_address(gallery: Gallery, group_id: str) -> None:
    """The gateway decodes all but the percent sign, and ends a path at a question mark."""
    created = gallery.deployment.call(
        body_of(event("update/group-new"), type="album", id=group_id), function="update"
    )
    path = created.headers["Location"].removeprefix(API)
    decoded = "%25".join(unquote(part) for part in path.split("%25"))

    answer = gallery.deployment.call(event("search/group") | {"rawPath": decoded}, function="search")

    assert "?" not in decoded
    assert (answer.status, answer.json["id"]) == (200, group_id)


def test_an_owner_has_a_limited_number_of_groups_with_a_record(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_store.services.groups.administration.MAX_GROUP_RECORDS", 2)
    gallery.add(SUMMER)
    for name in ("a", "b"):
        gallery.api.post("/v1/groups", json={"type": "album", "id": name})

    assert_refused(gallery.deployment.answer_to("update/group-new"), 429, "too_many_groups")
    assert_refused(gallery.deployment.answer_to("update/group"), 429, "too_many_groups")
    assert gallery.api.patch("/v1/groups/album:a", {"title": "A"})["title"] == "A"


def test_an_unreadable_record_leaves_the_others_in_the_list(gallery: Gallery) -> None:
    gallery.deployment.answer_to("update/group-new")
    gallery.api.post("/v1/groups", json={"type": "album", "id": "a"})
    key = group_keys.record("alice", SUMMER)
    row = gallery.deployment.client.get_item(TableName=gallery.deployment.table, Key=key)["Item"]
    gallery.deployment.client.put_item(TableName=gallery.deployment.table, Item=row | {"v": {"N": "99"}})

    items = gallery.deployment.answer_to("search/groups").json["items"]

    assert [(group["id"], group["title"]) for group in items] == [("a", None), ("summer", None)]
    assert gallery.deployment.answer_to("search/group").status == 500


# The end of a group -----------------------------------------------------------------------------------


def test_a_group_ends_and_its_images_stay(gallery: Gallery) -> None:
    ids = [gallery.add(SUMMER, "album:other") for _ in range(3)]
    gallery.deployment.answer_to("update/group")

    count, failed = gallery.end(SUMMER, "keep")

    assert (count, failed) == (3, [])
    assert [group["group"] for group in gallery.groups()] == ["album:other"]
    assert_refused(gallery.deployment.answer_to("search/group"), 404, "group_not_found")
    assert gallery.api.get(f"/v1/images/{ids[0]}")["groups"] == {"album": ["other"]}
    assert gallery.end(SUMMER, "keep") == (0, [])


def test_a_group_ends_and_its_images_are_in_the_trash(gallery: Gallery) -> None:
    ids = [gallery.add(SUMMER) for _ in range(2)]
    gallery.deployment.answer_to("update/group")
    other = gallery.add("album:other")

    count, failed = gallery.end(SUMMER, "trash")

    assert (count, failed) == (2, [])
    assert {card["id"] for card in gallery.api.get("/v1/images?trashed=true")["items"]} == set(ids)
    assert [card["id"] for card in gallery.api.get("/v1/images")["items"]] == [other]
    assert [group["group"] for group in gallery.groups()] == ["album:other"]


def test_an_empty_group_ends(gallery: Gallery) -> None:
    gallery.deployment.answer_to("update/group-new")

    assert gallery.end(SUMMER, "trash") == (0, [])
    assert gallery.groups() == []


def test_a_large_group_ends_page_by_page_and_keeps_its_title_until_then(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_store.services.groups.members.MAX_MEMBERS", 2)
    for _ in range(5):
        gallery.add(SUMMER)
    gallery.deployment.answer_to("update/group")

    first = gallery.deployment.answer_to("delete/group-keeping-images").json

    assert (first["images"], first["next_cursor"] is None) == (2, False)
    assert gallery.api.get(f"/v1/groups/{SUMMER}")["title"] == "Summer by the sea"
    assert gallery.end(SUMMER, "keep") == (3, [])


def test_what_happens_to_the_images_has_to_be_said(store: Deployment) -> None:
    assert_refused(store.answer_to("delete/group-undecided"), 400, "invalid_request")
    assert_refused(store.answer_to("delete/group-forged-cursor"), 400, "invalid_cursor")


def test_the_whole_title_and_no_more_is_taken(store: Deployment) -> None:
    longest = "é" * limits.MAX_GROUP_TITLE_CHARS

    accepted = store.call(body_of(event("update/group-new"), type="album", title=longest), function="update")
    refused = store.call(
        body_of(event("update/group-new"), type="album", title=f"{longest}x"), function="update"
    )

    assert accepted.json["title"] == longest
    assert_refused(refused, 400, "invalid_request")
