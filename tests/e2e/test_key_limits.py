"""Limits of API keys on the running stack: the emulator decides the conditions of their counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tests.e2e.test_find import eventually
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack


OWNER = "limited-owner"


def key_with(stack: Stack, **limits: int) -> httpx.Client:
    """A client of the API with a new key that has these limits."""
    body = {"name": "limited", "scopes": ["images:read", "images:write"], "limits": limits}
    with stack.http(OWNER) as owner:
        key = owner.post("/v1/keys", json=body).raise_for_status().json()["key"]
    return httpx.Client(base_url=stack.api_url, headers={"Authorization": f"Bearer {key}"}, timeout=40)


def usage_of(stack: Stack, client: httpx.Client) -> dict[str, Any]:
    """What the key of a client has used; its images are counted from the table's stream."""
    key_id = client.headers["Authorization"].split("_")[1]
    with stack.http(OWNER) as owner:
        total: dict[str, Any] = owner.get(f"/v1/keys/{key_id}/usage").raise_for_status().json()["total"]
    return total


def test_a_key_sends_as_many_requests_as_its_bucket_holds(stack: Stack) -> None:
    with key_with(stack, requests_per_minute=2) as client:
        answers = [client.get("/v1/images") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert answers[2].json()["code"] == "rate_limited"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30
    assert usage_of(stack, client)["requests"] == 2


def test_a_key_stores_as_many_images_as_it_may_and_no_more(stack: Stack) -> None:
    headers = {"Content-Type": "image/jpeg"}
    with key_with(stack, images_per_month=2, bytes_per_day=10**6) as client:
        answers = [client.post("/v1/images", content=jpeg(), headers=headers) for _ in range(3)]
        own_images = client.get("/v1/images").json()["items"]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].json()["code"] == "quota_exceeded"
    assert int(answers[2].headers["Retry-After"]) >= 1
    assert len(own_images) == 2
    used = {"requests": None, "images": 2, "size_bytes": 2 * len(jpeg()), "cost_usd": 0.0}
    eventually(lambda: usage_of(stack, client), used)
