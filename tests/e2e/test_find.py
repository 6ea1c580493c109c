"""What is stored is found and counted within seconds, on the table's real stream (C1, C2, C3, C4)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e import anyone
from tests.e2e.environment import function_name
from tests.fakes.dynamodb import all_items
from tests.pictures import encoded, jpeg, scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Stack

PATIENCE_SECONDS = 30
POLL_SECONDS = 0.2


def stored(client: httpx.Client, seed: int, **attributes: str) -> str:
    """Store a picture and answer its id."""
    answer = client.post(
        "/v1/images",
        params=attributes,
        content=jpeg(64 + seed, 48),
        headers={"Content-Type": "image/jpeg"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def search(client: httpx.Client, path: str, **query: str) -> list[str]:
    """Answer the ids of a page."""
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [card["id"] for card in answer.json()["items"]]


def eventually(look: Callable[[], Any], expected: Any) -> None:
    """Look until it is as expected, for as long as projections may take."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := look()) != expected:
        assert time.monotonic() < deadline, seen
        time.sleep(POLL_SECONDS)


def test_an_image_is_found_and_counted_soon_and_no_longer_once_it_is_gone(stack: Stack) -> None:
    with stack.http("finder") as client:
        first = stored(client, 1, filename="Cat.jpg", title="Café am See", tag="pets", category="cats")
        second = stored(client, 2, filename="dog.jpg", title="東京タワー", tag="pets")

        eventually(lambda: search(client, "/v1/images", tag="pets"), [second, first])
        assert search(client, "/v1/images", tag="pets", category="cats") == [first]
        assert search(client, "/v1/search", q="CAFE see") == [first]
        assert search(client, "/v1/search", q="京タ", tag="pets") == [second]
        figures = client.get("/v1/stats").json()
        assert (figures["images"], figures["by_kind"]["upload"]["images"]) == (2, 2)

        assert client.delete(f"/v1/images/{first}", params={"permanent": "true"}).status_code == 204

        assert search(client, "/v1/search", q="cafe") == []  # at once: what is found is looked at again
        eventually(lambda: search(client, "/v1/images", tag="pets"), [second])
        eventually(lambda: client.get("/v1/stats").json()["by_kind"]["upload"]["images"], 1)


def test_a_copy_of_another_size_and_quality_is_found_and_another_picture_is_not(stack: Stack) -> None:
    """B5."""

    def stored_id(data: bytes) -> str:
        headers = {"Content-Type": "image/jpeg"}
        return str(client.post("/v1/images", content=data, headers=headers).json()["id"])

    def similar() -> dict[str, int]:
        items = client.get(f"/v1/images/{original}/similar").json()["items"]
        return {item["card"]["id"]: item["distance"] for item in items}

    picture = scene(640, 480, seed=11)
    with stack.http("photographer") as client:
        original = stored_id(encoded(picture, "JPEG", quality=92))
        stored_id(encoded(scene(640, 480, seed=12), "JPEG", quality=92))
        copy = stored_id(encoded(picture.resize((320, 240)), "JPEG", quality=60))

        eventually(lambda: set(similar()), {copy})
        assert similar()[copy] <= 3
        assert client.delete(f"/v1/images/{copy}").status_code == 204
        eventually(similar, {})


def test_what_is_published_is_in_the_feed_and_what_is_withdrawn_leaves_it_at_once(stack: Stack) -> None:
    def feed() -> list[str]:
        with httpx.Client(base_url=stack.api_url, timeout=40) as anybody:
            return search(anybody, "/v1/feed", limit="100")

    with stack.http("publisher") as client:
        shown = stored(client, 3, visibility="public")
        unlisted = stored(client, 4, visibility="unlisted")
        assert shown in feed()
        assert unlisted not in feed()

        answer = client.patch(f"/v1/images/{shown}", json={"visibility": "private"})

        assert answer.status_code == 200, answer.text
        assert shown not in feed()


def test_anybody_lists_what_is_public_of_a_post_and_an_owner_finds_images_by_checksum(stack: Stack) -> None:
    """G7."""
    with httpx.Client(base_url=stack.api_url, timeout=40) as anybody, stack.http("author") as client:
        shown = stored(client, 6, visibility="public", group="post:é", title="Café")
        stored(client, 7, group="post:é")

        for spelled in ("post:é", "post:e\u0301"):
            assert search(anybody, "/v1/feed", group=spelled, owner="author") == [shown]
        answer = anybody.get("/v1/feed", params={"group": "post:é", "fields": "renditions,title,owner_id"})
        (card,) = answer.json()["items"]
        assert answer.headers["cache-control"] == "public, max-age=10"
        assert anyone.get(card["renditions"]["display"]["url"]).status_code == 200
        assert (card["title"], card["owner_id"]) == (None, None)

        (own,) = client.get("/v1/images", params={"visibility": "public", "fields": "title"}).json()["items"]
        assert own["title"] == "Café"
        sha256 = client.get(f"/v1/images/{shown}").json()["sha256"]
        assert search(client, "/v1/images", sha256=sha256) == [shown]
        assert search(client, "/v1/images", **{"from": "2024-09-01", "visibility": "public"}) == [shown]


def test_what_happens_to_an_image_is_in_the_events_of_its_owner_and_of_admins(stack: Stack) -> None:
    cursors: list[str] = []

    def happened(client: httpx.Client, **query: str) -> dict[str, tuple[str, str]]:
        """Answer type and owner of each event of the image on one page, by id."""
        answer = client.get("/v1/events", params=query)
        assert answer.status_code == 200, answer.text
        cursors.append(answer.json()["next_cursor"])
        events = answer.json()["items"]
        of_image = [event for event in events if event["data"].get("image_id") == image["id"]]
        return {event["id"]: (event["type"], event["owner_id"]) for event in of_image}

    def types(client: httpx.Client, **query: str) -> set[str]:
        return {kind for kind, _ in happened(client, **query).values()}

    with stack.http("follower") as client, stack.http("stranger") as stranger, stack.admin() as admin:
        image = client.get(f"/v1/images/{stored(client, 8)}").json()
        eventually(lambda: types(client), {"image.created"})
        after_upload = cursors[-1]
        assert client.patch(f"/v1/images/{image['id']}", json={"title": "A cat"}).status_code == 200
        assert client.delete(f"/v1/images/{image['id']}").status_code == 204

        eventually(lambda: types(client, after=after_upload), {"image.updated", "image.trashed"})
        after_trash = cursors[-1]

        every = happened(client)
        assert len(every) == 3
        assert happened(client, after=after_trash).keys() <= every.keys()  # at most one that comes again
        assert happened(admin, scope="all", since=image["created_at"], limit="100") == every
        assert set(every.values()) == {
            (f"image.{what}", "follower") for what in ("created", "updated", "trashed")
        }
        assert happened(stranger) == {}
        answers = (
            stranger.get("/v1/events", params={"after": after_upload}),
            client.get("/v1/events", params={"scope": "all"}),
        )
        assert [answer.json()["code"] for answer in answers] == ["invalid_cursor", "admin_required"]


def test_a_rebuild_brings_back_what_was_lost(stack: Stack) -> None:
    table, functions = stack.client("dynamodb"), stack.client("lambda")

    def rebuild() -> dict[str, Any]:
        answer = functions.invoke(FunctionName=function_name(stack, "rebuild"), Payload=b"{}")
        state: dict[str, Any] = json.loads(answer["Payload"].read())
        return state

    with stack.http("rebuilder") as client:
        image_id = stored(client, 5, title="zanzibar", tag="lost")
        eventually(lambda: search(client, "/v1/search", q="zanzibar"), [image_id])
        for item in all_items(table, stack.described["table"]):
            if item["pk"]["S"].startswith(("TAG#rebuilder", "TERM#rebuilder", "PROJECTION#", "STATS#")):
                key = {"pk": item["pk"], "sk": item["sk"]}
                table.delete_item(TableName=stack.described["table"], Key=key)
        assert search(client, "/v1/search", q="zanzibar") == []

        begun = rebuild()
        # As if consumers that know nothing of it had ended: two minutes later.
        table.update_item(
            TableName=stack.described["table"],
            Key={"pk": {"S": "PROJECTIONS"}, "sk": {"S": "STATE"}},
            UpdateExpression="REMOVE begins_at",
        )
        done = rebuild()

        assert (begun["finished"], done["finished"]) == (False, True)
        assert search(client, "/v1/search", q="zanzibar") == [image_id]
        assert search(client, "/v1/images", tag="lost") == [image_id]
        assert client.get("/v1/stats").json()["by_format"] == {
            "image/jpeg": {"images": 1, "size_bytes": len(jpeg(69, 48))}
        }


def test_every_part_of_the_stack_answers(stack: Stack) -> None:
    """F2."""
    with stack.http("admin", scope="images:admin") as client:
        answer = client.get("/v1/admin/health")

    assert answer.status_code == 200, answer.text
    assert {part["status"] for part in answer.json()["components"].values()} <= {"ok", "degraded"}
    assert answer.json()["components"]["table"]["status"] == "ok"
    assert answer.json()["components"]["providers"]["status"] == "ok"
