"""Cleanup on the real stack: by its schedule's function, by admins, and both ways after a loss (D2, D3, D5)."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from image_store.adapters.dynamodb.keys import due_shard
from local.settings import PRIVATE_BUCKET, PUBLIC_BUCKET
from tests.e2e import anyone
from tests.e2e.environment import function_name
from tests.pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.e2e.conftest import Stack

MANY = 1_000_000
"""Other tests leave orphans behind as well; what is named here lifts the cap."""


def upload(client: httpx.Client, **query: str) -> str:
    """Store a picture and answer its id."""
    answer = client.post(
        "/v1/images", content=jpeg(96, 64), headers={"Content-Type": "image/jpeg"}, params=query
    )
    assert answer.status_code == 201, answer.text
    image_id: str = answer.json()["id"]
    return image_id


def invoke(stack: Stack, **event: Any) -> dict[str, Any]:
    """Invoke the function of the schedule and answer its report."""
    answer = stack.client("lambda").invoke(
        FunctionName=function_name(stack, "cleanup"), Payload=json.dumps(event).encode()
    )
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, report
    return report


def put(stack: Stack, bucket: str, key: str) -> str:
    """Put an object by hand."""
    stack.client("s3").put_object(Bucket=bucket, Key=key, Body=b"put by hand")
    return key


def keys_of(stack: Stack, bucket: str, part: str) -> list[str]:
    """Answer the keys of a bucket with a part in them."""
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [entry["Key"] for page in pages for entry in page.get("Contents", []) if part in entry["Key"]]


def let_time_pass(stack: Stack, image_id: str) -> None:
    """Let cleanup have been due to look at an image for years."""
    stack.client("dynamodb").update_item(
        TableName=stack.described["table"],
        Key={"pk": {"S": f"IMAGE#{image_id}"}, "sk": {"S": "META"}},
        UpdateExpression="SET due_at = :past, due_shard = :shard",
        ExpressionAttributeValues={
            ":past": {"S": "2020-01-01T00:00:00.000000Z"},
            ":shard": {"S": due_shard(image_id)},
        },
    )


@pytest.mark.parametrize(("method", "path"), [("POST", "cleanup"), ("GET", "cleanup/reports")])
def test_a_caller_without_the_admin_scope_is_refused(stack: Stack, method: str, path: str) -> None:
    with stack.http("cleanup-nobody") as client:
        answer = client.request(method, f"/v1/admin/{path}", json={} if method == "POST" else None)

    assert (answer.status_code, answer.json()["code"]) == (403, "admin_required")


def test_an_admins_run_is_dry_unless_asked_otherwise_and_then_kept_as_a_report(stack: Stack) -> None:
    with stack.http("cleanup-trash") as owner, stack.admin() as client:
        image_id = upload(owner)
        assert owner.delete(f"/v1/images/{image_id}").status_code == 204
        let_time_pass(stack, image_id)
        before = keys_of(stack, PRIVATE_BUCKET, image_id)

        dry = client.post("/v1/admin/cleanup", json={}).json()
        assert dry["dry_run"] is True
        assert dry["trash"] >= 1
        assert keys_of(stack, PRIVATE_BUCKET, image_id) == before

        real = client.post("/v1/admin/cleanup", json={"dry_run": False, "max_deletions": MANY}).json()
        assert (real["dry_run"], real["failed"], real["stopped_because"]) == (False, 0, None)
        reports = client.get("/v1/admin/cleanup/reports").json()["items"]

    assert real["trash"] >= 1
    assert keys_of(stack, PRIVATE_BUCKET, image_id) == []
    assert reports[0] == real
    assert dry["id"] not in [report["id"] for report in reports]


def test_what_expired_is_collected_by_the_function_of_the_schedule(stack: Stack) -> None:
    with stack.http("cleanup-expired") as owner:
        image_id = upload(owner)
        let_time_pass(stack, image_id)

        report = invoke(stack)

        assert report["expired"] >= 1
        assert owner.get(f"/v1/images/{image_id}").status_code == 404
    assert keys_of(stack, PRIVATE_BUCKET, image_id) == []


def test_objects_of_nobody_go_and_unknown_ones_stay(stack: Stack) -> None:
    nobody = f"0192d0c0-0000-7000-8000-{uuid.uuid4().hex[:12]}"
    put(stack, PRIVATE_BUCKET, f"images/{nobody}/{'0' * 16}/original.png")
    put(stack, PUBLIC_BUCKET, f"p/{nobody.replace('-', '')[-22:]}/thumb.webp")
    unknown = [
        put(stack, PRIVATE_BUCKET, f"backup/{nobody}/original.png"),
        put(stack, PRIVATE_BUCKET, f"{nobody}.png"),
    ]
    with stack.http("cleanup-bystander") as owner:
        image_id = upload(owner, visibility="public")

        report = invoke(stack, reconcile=True, max_deletions=MANY)

        assert report["orphans"] >= 2
        assert report["unknown"] >= 2
        assert owner.get(f"/v1/images/{image_id}/content", follow_redirects=True).status_code == 200
    assert keys_of(stack, PRIVATE_BUCKET, nobody) == sorted(unknown)
    assert keys_of(stack, PUBLIC_BUCKET, nobody.replace("-", "")[-22:]) == []


def test_a_record_without_its_original_goes_and_gives_its_quota_back(stack: Stack) -> None:
    with stack.http("cleanup-dangling") as owner:
        image_id = upload(owner)
        [original] = [key for key in keys_of(stack, PRIVATE_BUCKET, image_id) if "/original." in key]
        stack.client("s3").delete_object(Bucket=PRIVATE_BUCKET, Key=original)

        report = invoke(stack, reconcile=True, max_deletions=MANY)

        assert report["dangling"] >= 1
        assert owner.get(f"/v1/images/{image_id}").status_code == 404
        assert owner.get("/v1/images").json()["items"] == []
    assert keys_of(stack, PRIVATE_BUCKET, image_id) == []


@pytest.mark.parametrize("by", ["cleanup", "repair"])
def test_lost_renditions_and_copies_are_made_again_and_the_link_works_as_before(
    stack: Stack, by: str
) -> None:
    with stack.http(f"cleanup-repair-{by}") as owner, stack.admin() as client:
        image_id = upload(owner, visibility="public")
        image = owner.get(f"/v1/images/{image_id}").json()
        publication = image["renditions"]["thumb"]["url"].rpartition("/")[0].rpartition("/")[2]
        keys_before = {bucket: keys_of(stack, bucket, part) for bucket, part in
                ((PRIVATE_BUCKET, image_id), (PUBLIC_BUCKET, publication))}  # fmt: skip
        assert len(keys_before[PUBLIC_BUCKET]) == 2
        for bucket, keys in keys_before.items():
            for key in keys:
                if "/original." not in key:
                    stack.client("s3").delete_object(Bucket=bucket, Key=key)
        assert anyone.get(image["public_url"], follow_redirects=True).status_code == 404

        if by == "cleanup":
            assert invoke(stack, reconcile=True, max_deletions=MANY)["repairs"] >= 1
        else:
            begun = client.post("/v1/admin/repairs", json={"image_ids": [image_id]})
            assert begun.status_code == 202
            done = until(
                lambda: client.get(begun.headers["Location"]).json(), lambda job: job["status"] == "succeeded"
            )
            assert (done["progress"]["renditions"], done["progress"]["copies"]) == (2, 2)
        seen = until(
            lambda: anyone.get(image["public_url"], follow_redirects=True), lambda got: got.status_code == 200
        )

    assert seen.headers["Content-Type"].startswith("image/")
    assert {PRIVATE_BUCKET: keys_of(stack, PRIVATE_BUCKET, image_id),
            PUBLIC_BUCKET: keys_of(stack, PUBLIC_BUCKET, publication)} == keys_before  # fmt: skip


def until[T](look: Callable[[], T], is_done: Callable[[T], bool]) -> T:
    """Answer what was seen last, once it is done or half a minute is over."""
    for _ in range(60):
        if is_done(state := look()):
            break
        time.sleep(0.5)
    return state
