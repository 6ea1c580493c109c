"""Many images in one request, and quotas under parallel requests (A6, A12)."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e.environment import changed_environment
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

UNKNOWN_ID = "01a1fcd6-bd73-79fe-b31d-713c8c11977f"
QUOTA = 10
REQUESTS, ITEMS = 8, 5


def item(seed: int = 0, **attributes: Any) -> dict[str, Any]:
    """Answer a picture as an item of a batch; another one for each number."""
    return {"source": {"base64": base64.b64encode(jpeg(64 + seed, 48)).decode()}, **attributes}


def stored(client: httpx.Client, *items: Any, key: str | None = None) -> dict[str, Any]:
    """Send a batch and answer what became of it."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = client.post("/v1/images/batch", json={"items": items}, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def deleted(client: httpx.Client, **what: Any) -> dict[str, Any]:
    """Delete a batch and answer what became of it."""
    answer = client.post("/v1/images/batch-delete", json=what)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def ids(result: dict[str, Any]) -> list[str]:
    """Answer the ids of the images that a batch stored."""
    return [one["image"]["id"] for one in result["successful"]]


def is_passing(failed: dict[str, Any]) -> bool:
    """Whether an item failed for a reason that passes."""
    return bool(failed["error"]["code"] == "storage_unavailable")


def is_late(failed: dict[str, Any]) -> bool:
    """Whether an image was not reached in time."""
    return bool(failed["error"]["code"] == "deadline_exceeded")


def test_a_batch_stores_the_valid_images_and_reports_the_others(stack: Stack) -> None:
    with stack.http("batches-mixed") as client:
        result = stored(client, item(1), {"source": {"base64": "bm90IGFuIGltYWdl"}}, item(2, title="Second"))

        assert [one["index"] for one in result["successful"]] == [0, 2]
        assert [(one["index"], one["error"]["code"]) for one in result["failed"]] == [
            (1, "unsupported_media_type")
        ]
        for image_id, width in zip(ids(result), (65, 66), strict=True):
            assert client.get(f"/v1/images/{image_id}").json()["width"] == width


def test_a_repeated_batch_answers_the_same_images(stack: Stack) -> None:
    with stack.http("batches-repeated") as client:
        first = stored(client, item(1), item(2), key="k")

        assert ids(stored(client, item(1), item(2), key="k")) == ids(first)
        assert stored(client, item(3), key="k")["failed"][0]["error"]["code"] == "idempotency_mismatch"


def test_images_are_deleted_by_their_ids(stack: Stack) -> None:
    with stack.http("batches-foreign") as other:
        (foreign,) = ids(stored(other, item()))
    with stack.http("batches-delete") as client:
        mine = ids(stored(client, item(1), item(2)))

        result = deleted(client, ids=[*mine, mine[0], foreign, UNKNOWN_ID], permanent=True)

        assert result["successful"] == mine
        assert [(one["id"], one["error"]["code"]) for one in result["failed"]] == [
            (foreign, "image_not_found"),
            (UNKNOWN_ID, "image_not_found"),
        ]
        assert [client.get(f"/v1/images/{image_id}").status_code for image_id in mine] == [404, 404]


def test_a_conversation_goes_with_its_images(stack: Stack) -> None:
    """A6: more of them than one request deletes."""
    chat: dict[str, Any] = {"groups": {"conversation": ["c1"]}}
    with stack.http("batches-group") as client:
        (kept_id,) = ids(stored(client, item(groups={"conversation": ["c2"]})))
        for _ in range(6):
            assert stored(client, *[item(visibility="public", **chat)] * 18)["failed"] == []

        first = deleted(client, group="conversation:c1")
        with stack.http("batches-stranger") as stranger:
            onward = {"group": "conversation:c1", "cursor": first["next_cursor"]}
            refused = stranger.post("/v1/images/batch-delete", json=onward)
        second = deleted(client, group="conversation:c1", cursor=first["next_cursor"])

        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_cursor")
        assert (len(first["successful"]), first["failed"]) == (100, [])
        assert (len(second["successful"]), second["failed"], second["next_cursor"]) == (8, [], None)
        assert [card["id"] for card in client.get("/v1/images").json()["items"]] == [kept_id]


def test_many_images_are_published_tagged_and_restored_in_one_request_each(stack: Stack) -> None:
    """I1: one batch does what a hundred requests would, and each image ends as by a request of its own."""
    with stack.http("batches-changes") as client:
        tagged = [item(tags=["a", "b"])]
        mine = ids(stored(client, *tagged * 20))

        def send(route: str, **body: Any) -> dict[str, Any]:
            """Send a batch, and what it had no time for once more, as clients do."""
            waiting, successful, failed = mine, [], []
            while waiting:
                answer = client.post(f"/v1/images/{route}", json={"ids": [*waiting, UNKNOWN_ID], **body})
                assert answer.status_code == 200, answer.text
                result = answer.json()
                successful += result["successful"]
                waiting = [one["id"] for one in result["failed"] if is_late(one)]
                failed = [one for one in result["failed"] if not is_late(one)]
            assert sorted(successful) == sorted(mine)
            return {"failed": [(one["id"], one["error"]["code"]) for one in failed]}

        change = {"add_tags": ["c"], "remove_tags": ["a"], "add_groups": ["album:x"], "visibility": "public"}
        changed, again = send("batch-update", **change), send("batch-update", **change)
        image = client.get(f"/v1/images/{mine[0]}").json()
        link = httpx.get(image["public_url"], follow_redirects=False)
        deleted(client, ids=mine)
        gone = client.get("/v1/images").json()["items"]
        restored = send("batch-restore")
        back = client.get("/v1/images", params={"limit": 100}).json()["items"]

        assert changed == again == restored == {"failed": [(UNKNOWN_ID, "image_not_found")]}
        assert (image["tags"], image["groups"]) == (["b", "c"], {"album": ["x"]})
        assert (image["visibility"], link.status_code) == ("public", 302)
        assert gone == []
        assert {card["id"] for card in back} == set(mine)
        assert {card["visibility"] for card in back} == {"private"}


def test_parallel_uploads_cannot_pass_a_quota_together(stack: Stack) -> None:
    """Forty at once, where ten are allowed."""
    with stack.http("batches-quota") as client, changed_environment(stack, "upload", QUOTA_IMAGES=str(QUOTA)):

        def send(number: int) -> list[dict[str, Any]]:
            """Send a batch, and what was too much for the emulator once more, as clients do."""
            items = [item(ITEMS * number + index) for index in range(ITEMS)]
            results = []
            while items:
                results.append(stored(client, *items))
                items = [items[one["index"]] for one in results[-1]["failed"] if is_passing(one)]
            return results

        with ThreadPoolExecutor(REQUESTS) as pool:
            results = [result for sent in pool.map(send, range(REQUESTS)) for result in sent]
        refused = client.post("/v1/images", content=jpeg(64, 48), headers={"Content-Type": "image/jpeg"})

        codes = [
            one["error"]["code"] for result in results for one in result["failed"] if not is_passing(one)
        ]
        assert codes == ["quota_exceeded"] * (REQUESTS * ITEMS - QUOTA)
        stored_ids = {image_id for result in results for image_id in ids(result)}
        response = client.get("/v1/images", params={"limit": 100}).json()["items"]
        assert {card["id"] for card in response} == stored_ids
        assert len(stored_ids) == QUOTA
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
        assert "retry-after" not in refused.headers
