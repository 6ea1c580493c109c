"""Every route of the API as it describes itself: called by a stranger, by nobody, and without the scope."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from local.issuer import TOKEN_LIFETIME, Issuer
from local.issuer_keys import SigningKey, issuer_keys, new_key
from local.settings import AUDIENCE
from tests.e2e.test_direct_uploads import PICTURE, begin, send
from tests.e2e.test_images import UNKNOWN_ID, list_ids, upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.e2e.conftest import Stack

DOCUMENT = json.loads(
    (Path(__file__).resolve().parents[2] / "functions/site/openapi.json").read_text("utf-8")
)
ROUTES = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
PROTECTED = [route for route, operation in ROUTES.items() if operation["security"]]
PUBLIC = [route for route, operation in ROUTES.items() if not operation["security"]]
OF_ONE_IMAGE = [route for route in PROTECTED if "{image_id}" in route[1]]
OF_ONE_JOB = [route for route in PROTECTED if "{job_id}" in route[1]]
OF_ONE_KEY = [route for route in PROTECTED if "{key_id}" in route[1]]
OF_ONE_SHARE = [route for route in PROTECTED if "{share_id}" in route[1]]
OF_ONE_WEBHOOK = [route for route in PROTECTED if "{webhook_id}" in route[1]]
OF_ONE_GROUP = [route for route in PROTECTED if "{group}" in route[1]]
OF_ADMINS = [route for route in PROTECTED if route[1].startswith("/v1/admin/")]
OF_THE_CALLER = {
    ("GET", "/v1/images"),
    ("POST", "/v1/images"),
    ("POST", "/v1/images/batch"),
    ("POST", "/v1/images/batch-delete"),
    ("POST", "/v1/images/batch-restore"),
    ("POST", "/v1/images/batch-update"),
    ("POST", "/v1/uploads"),
    ("GET", "/v1/search"),
    ("GET", "/v1/stats"),
    ("GET", "/v1/timeline"),
    ("GET", "/v1/groups"),
    ("POST", "/v1/groups"),
    ("GET", "/v1/tags"),
    ("GET", "/v1/events"),
    ("GET", "/v1/generations"),
    ("POST", "/v1/generations"),
    ("GET", "/v1/providers"),
    ("PUT", "/v1/provider-keys/{provider}"),
    ("DELETE", "/v1/provider-keys/{provider}"),
    ("GET", "/v1/keys"),
    ("POST", "/v1/keys"),
    ("GET", "/v1/shares"),
    ("POST", "/v1/shares"),
    ("GET", "/v1/webhooks"),
    ("POST", "/v1/webhooks"),
    ("POST", "/v1/upload-tokens"),
}
"""Routes that name nothing of anybody's in their path: what they touch is the caller's."""
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("PATCH", "/v1/images/{image_id}"): {"title": "theirs"},
    ("POST", "/v1/images/{image_id}/links"): {},
    ("POST", "/v1/admin/cleanup"): {"dry_run": False},
    ("PATCH", "/v1/keys/{key_id}"): {"name": "theirs"},
    ("PATCH", "/v1/webhooks/{webhook_id}"): {"url": "https://example.com/theirs"},
    ("POST", "/v1/webhooks/{webhook_id}/replay"): {"failed": True},
}


def name_of(route: tuple[str, str]) -> str:
    return " ".join(route)


def call(client: httpx.Client, route: tuple[str, str], named: str = UNKNOWN_ID) -> httpx.Response:
    """Ask for a route; what its path names is the image, job or whatever it is of that name."""
    method, path = route
    body = {"json": BODIES[route]} if route in BODIES else {}
    return client.request(method, re.sub(r"\{\w+\}", named, path), **body)  # type: ignore[arg-type]  # keyword arguments of httpx


def answer_code(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    """What an answer says, without the id that every request has for itself."""
    body = answer.json() if answer.content else {}
    body.pop("request_id", None)
    return answer.status_code, body


def rows_of(stack: Stack, *image_ids: str) -> list[dict[str, Any]]:
    """All that the table says of these images."""
    table, name = stack.client("dynamodb"), stack.described["table"]
    return [
        row
        for image_id in image_ids
        for row in table.query(
            TableName=name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"IMAGE#{image_id}"}},
        )["Items"]
    ]


@pytest.fixture(scope="module")
def refused_headers(stack: Stack) -> dict[str, str]:
    """Values of the header Authorization that are good for nothing, by what is wrong with them."""
    url, key, now = stack.described["issuer"], issuer_keys(stack.state)[0], datetime.now(UTC)
    long_ago = now - TOKEN_LIFETIME - timedelta(hours=1)
    good = Issuer(url=url, keys=(key,), now=lambda: now)
    claims = jwt.decode(good.token(subject="who-owner"), options={"verify_signature": False})
    head = jwt.get_unverified_header(good.token(subject="who-owner"))
    foreign_key = new_key("RS256")

    def signed(changes: dict[str, Any], by: SigningKey = key) -> str:
        return jwt.encode(claims | changes, by.private, algorithm="RS256", headers={"kid": head["kid"]})

    assert claims["aud"] == AUDIENCE
    tokens = {
        "expired": Issuer(url=url, keys=(key,), now=lambda: long_ago).token(subject="who-owner"),
        "of another issuer": signed({"iss": "https://issuer.invalid"}),
        "for another audience": signed({"aud": "another-store"}),
        "not valid yet": signed({"nbf": now + timedelta(hours=1)}),
        "signed by another key": signed({}, foreign_key),
        "not signed": jwt.encode(claims, "", algorithm="none"),
        "no token": "x.y.z",
    }
    return {"none": "", "basic": "Basic YTpi"} | {name: f"Bearer {token}" for name, token in tokens.items()}


@pytest.fixture(scope="module")
def waiting(stack: Stack) -> Iterator[dict[str, str]]:
    """An image and a direct upload, of somebody else."""
    with stack.http("who-owner") as owner:
        image = upload(owner, visibility="private")
        ticket = begin(owner)
        assert send(ticket, PICTURE) == 200
        before = rows_of(stack, image["id"], ticket["id"])
        yield {"image": image["id"], "upload": ticket["id"]}
        assert rows_of(stack, image["id"], ticket["id"]) == before
        assert list_ids(owner) == [image["id"]]
        assert owner.get(f"/v1/images/{image['id']}").json() | {"renditions": None} == image | {
            "renditions": None
        }
        assert owner.post(f"/v1/uploads/{ticket['id']}/complete").status_code == 201


@pytest.mark.parametrize("route", PROTECTED, ids=name_of)
def test_without_a_token_of_this_issuer_nothing_is_answered(
    stack: Stack, refused_headers: dict[str, str], route: tuple[str, str]
) -> None:
    with stack.http(None) as nobody:
        for name, header in refused_headers.items():
            nobody.headers.pop("Authorization", None)
            nobody.headers.update({"Authorization": header} if header else {})

            answer = call(nobody, route)

            assert answer.status_code == 401, (name, answer.text)


@pytest.mark.parametrize("route", OF_ONE_IMAGE, ids=name_of)
def test_images_of_other_users_are_answered_like_missing_ones(
    stack: Stack, waiting: dict[str, str], route: tuple[str, str]
) -> None:
    with stack.http("who-stranger") as stranger:
        answers = [
            answer_code(call(stranger, route, image_id))
            for image_id in (waiting["image"], waiting["upload"], UNKNOWN_ID, "nonsense")
        ]

    assert answers[0][0] == 404
    assert answers == answers[:1] * 4


@pytest.mark.parametrize("route", OF_ONE_JOB, ids=name_of)
def test_a_job_of_another_user_is_not_found(stack: Stack, route: tuple[str, str]) -> None:
    with stack.http("who-paints") as owner, stack.http("who-stranger") as stranger:
        begun = owner.post("/v1/generations", json={"items": [{"prompt": "whose?"}]})

        answers = [
            answer_code(call(stranger, route, name)) for name in (begun.json()["id"], UNKNOWN_ID, "nonsense")
        ]

        assert begun.status_code == 202
        assert owner.get(f"/v1/generations/{begun.json()['id']}").json()["status"] != "cancelled"
    assert answers[0][0] == 404
    assert answers == answers[:1] * 3


@pytest.mark.parametrize("route", OF_ONE_KEY, ids=name_of)
def test_a_key_of_another_user_is_not_found_and_not_changed(stack: Stack, route: tuple[str, str]) -> None:
    with stack.http("who-owner") as owner, stack.http("who-stranger") as stranger:
        key = owner.post("/v1/keys", json={"name": "mine", "scopes": ["images:read"]}).json()
        before = owner.get(f"/v1/keys/{key['id']}").json()

        answers = [answer_code(call(stranger, route, name)) for name in (key["id"], UNKNOWN_ID, "nonsense")]

        assert owner.get(f"/v1/keys/{key['id']}").json() == before
    assert (answers[0][0], answers[0][1]["code"]) == (404, "key_not_found")
    assert answers == answers[:1] * 3


@pytest.mark.parametrize("route", OF_ONE_SHARE, ids=name_of)
def test_a_share_of_another_user_is_not_found_and_not_revoked(stack: Stack, route: tuple[str, str]) -> None:
    with stack.http("who-owner") as owner, stack.http("who-stranger") as stranger:
        share = owner.post("/v1/shares", json={"all": True, "expires_in": 600}).json()
        before = owner.get("/v1/shares").json()["items"]

        answers = [answer_code(call(stranger, route, name)) for name in (share["id"], UNKNOWN_ID, "nonsense")]

        assert owner.get("/v1/shares").json()["items"] == before
    assert (answers[0][0], answers[0][1]["code"]) == (404, "share_not_found")
    assert answers == answers[:1] * 3


@pytest.mark.parametrize("route", OF_ONE_WEBHOOK, ids=name_of)
def test_a_webhook_of_another_user_is_not_found_and_not_changed(stack: Stack, route: tuple[str, str]) -> None:
    with stack.http("who-owner") as owner, stack.http("who-stranger") as stranger:
        webhook = owner.post("/v1/webhooks", json={"url": "https://example.invalid/hooks"}).json()
        path = f"/v1/webhooks/{webhook['id']}"
        before = owner.get(path).json()

        names = (webhook["id"], UNKNOWN_ID, "nonsense")
        answers = [answer_code(call(stranger, route, name)) for name in names]

        assert owner.get(path).json() == before
        assert owner.get(f"{path}/deliveries").json()["items"] == []
        assert owner.delete(path).status_code == 204
    assert (answers[0][0], answers[0][1]["code"]) == (404, "webhook_not_found")
    assert answers == answers[:1] * 3


@pytest.mark.parametrize("route", OF_ONE_GROUP, ids=name_of)
def test_a_group_of_another_user_is_as_one_that_is_not_there(stack: Stack, route: tuple[str, str]) -> None:
    method, _ = route
    request = {"PATCH": {"json": {"title": "theirs"}}, "DELETE": {"params": {"images": "trash"}}}.get(
        method, {}
    )
    with stack.http("who-groups") as owner, stack.http("who-stranger") as stranger:
        group = owner.post("/v1/groups", json={"type": "album", "title": "Mine"}).json()["group"]
        image = upload(owner, PICTURE + method.encode())
        mine = {"groups": {"album": [group.partition(":")[2]]}}
        assert owner.patch(f"/v1/images/{image['id']}", json=mine).status_code == 200
        paths = [f"/v1/groups/{name}" for name in (group, "album:unknown")]

        answers = [answer_code(stranger.request(method, path, **request)) for path in paths]  # type: ignore[arg-type]  # keyword arguments of httpx

        after = owner.get(paths[0]).json()
        assert owner.get(f"/v1/images/{image['id']}").json()["status"] == "ready"
    assert (after["title"], after["cover"]["id"]) == ("Mine", image["id"])
    nothing = {"images": 0, "failed": [], "next_cursor": None}
    if method == "DELETE":
        assert answers == [(200, nothing)] * 2
    else:
        assert (answers[0][0], answers[0][1]["code"]) == (404, "group_not_found")
        assert answers == answers[:1] * 2


@pytest.mark.parametrize("route", OF_ADMINS, ids=name_of)
def test_the_routes_of_admins_ask_for_their_scope(stack: Stack, route: tuple[str, str]) -> None:
    with stack.http("who-user") as user:
        answer = call(user, route)

        user.headers["Authorization"] = (
            f"Bearer {stack.token('who-user', scope='images:read images:administer')}"
        )
        other_scope = call(user, route)

    assert [(refusal.status_code, refusal.json()["code"]) for refusal in (answer, other_scope)] == [
        (403, "admin_required")
    ] * 2


@pytest.mark.parametrize(
    ("route", "more"),
    [
        ("batch-delete", {"permanent": True}),
        ("batch-update", {"add_tags": ["theirs"], "visibility": "public"}),
        ("batch-restore", {}),
    ],
)
def test_images_of_other_users_are_not_found_in_batches(
    stack: Stack, waiting: dict[str, str], route: str, more: dict[str, Any]
) -> None:
    with stack.http("who-stranger") as stranger:
        answer = stranger.post(f"/v1/images/{route}", json={"ids": [waiting["image"], UNKNOWN_ID], **more})

    failed = answer.json()["failed"]
    assert answer.json()["successful"] == []
    assert [each["error"]["code"] for each in failed] == ["image_not_found"] * 2


def test_a_cursor_is_its_owners_and_its_querys(stack: Stack) -> None:
    with stack.http("who-lists") as owner, stack.http("who-stranger") as stranger:
        for seed in range(2):
            upload(owner, PICTURE + bytes([seed]) if seed else None)
        cursor = owner.get("/v1/images", params={"limit": 1}).json()["next_cursor"]

        refused = [
            stranger.get("/v1/images", params={"limit": 1, "cursor": cursor}),
            owner.get("/v1/images", params={"limit": 1, "cursor": cursor, "kind": "upload"}),
            owner.get("/v1/images", params={"limit": 1, "cursor": cursor[:-2] + "AA"}),
        ]

        assert owner.get("/v1/images", params={"limit": 1, "cursor": cursor}).status_code == 200
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (400, "invalid_cursor")
    ] * 3


def test_the_public_routes_are_these() -> None:
    assert {path for _, path in PUBLIC} == {
        "/i/{link}",
        "/i/{link}/{preset}",
        "/s/{token}/{image_id}/{preset}",
        "/m/{path}",
        "/v1/feed",
        "/v1/health",
        "/openapi.json",
        "/docs",
        "/",
        "/assets/{file}",
        "/config.json",
    }
    of_one = {*OF_ONE_IMAGE, *OF_ONE_JOB, *OF_ONE_KEY, *OF_ONE_SHARE, *OF_ONE_WEBHOOK, *OF_ONE_GROUP}
    assert ROUTES.keys() == {*PUBLIC, *of_one, *OF_ADMINS, *OF_THE_CALLER}, "a route that no case is for"
