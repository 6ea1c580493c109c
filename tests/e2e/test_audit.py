"""Who changed what is in the log of the audit trail within seconds, on the table's real stream (F4)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

PATIENCE_SECONDS = 90
POLL_SECONDS = 0.5


def trail_of(stack: Stack, subject_id: str) -> list[dict[str, Any]]:
    """Answer the lines about one image or key, in their order; a line that came twice counts once."""
    (stack_description,) = stack.client("cloudformation").describe_stacks(
        StackName=stack.described["stack_name"]
    )["Stacks"]
    (group,) = [
        output["OutputValue"]
        for output in stack_description["Outputs"]
        if output["OutputKey"] == "AuditLogGroupName"
    ]
    pages = stack.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    messages = [event["message"] for page in pages for event in page["events"]]
    lines = [json.loads(text) for text in messages if text.startswith('{"audit"') and subject_id in text]
    return list({line["event_id"]: line for line in lines}.values())


def awaited_trail(stack: Stack, subject_id: str, expected: list[str]) -> list[dict[str, Any]]:
    """Answer the lines once they are those that are expected."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    lines = trail_of(stack, subject_id)
    while [line["audit"][0] for line in lines] != expected:
        assert time.monotonic() < deadline, lines
        time.sleep(POLL_SECONDS)
        lines = trail_of(stack, subject_id)
    return lines


def test_who_stored_published_and_deleted_an_image_is_in_the_log(stack: Stack) -> None:
    with stack.http("audited") as client:
        stored = client.post(
            "/v1/images",
            params={"title": "A secret of mine", "filename": "mine.jpg", "tag": "mine"},
            content=jpeg(64, 48),
            headers={"Content-Type": "image/jpeg"},
        ).json()
        address = f"/v1/images/{stored['id']}"
        assert client.patch(address, json={"visibility": "public"}).status_code == 200
        assert client.get(f"{address}/content", params={"rendition": "w640"}).status_code == 302
        assert client.delete(address, params={"permanent": "true"}).status_code == 204

    expected = ["reserved", "stored", "publishing", "published", "renditions_added", "deleting", "deleted"]
    lines = awaited_trail(stack, stored["id"], expected)

    assert {line["owner"] for line in lines} == {"audited"}
    by = {line["audit"][0]: line["by"] for line in lines}
    assert by.pop("renditions_added") == "function:render"
    assert set(by.values()) == {"subject:audited"}
    assert all(line["request_id"] for line in lines)
    assert "mine" not in json.dumps(lines)


def test_what_became_of_a_key_and_what_it_did_for_an_owner_is_in_the_log(stack: Stack) -> None:
    with stack.admin() as admin:
        request_body = {"name": "a name of mine", "scopes": ["images:write", "act-as"], "owner": "backend"}
        key = admin.post("/v1/keys", json=request_body).raise_for_status().json()
        with stack.http(None) as backend:
            headers = {
                "Authorization": f"Bearer {key['key']}",
                "Image-Store-Owner": "audited-owner",
                "Content-Type": "image/jpeg",
            }
            stored = (
                backend.post("/v1/images", content=jpeg(65, 48), headers=headers).raise_for_status().json()
            )
        assert admin.delete(f"/v1/keys/{key['id']}").status_code == 204

    of_image = awaited_trail(stack, stored["id"], ["reserved", "stored"])
    assert {(line["owner"], line["by"]) for line in of_image} == {("audited-owner", f"key:{key['id']}")}
    lines = awaited_trail(stack, f'"key_id": "{key["id"]}"', ["key_created", "key_revoked"])
    assert {(line["owner"], line["by"]) for line in lines} == {("backend", "subject:admin")}
    assert key["key"].rpartition("_")[2] not in json.dumps([*lines, *of_image])
    assert "a name of mine" not in json.dumps(lines)


def test_no_log_of_the_stack_holds_a_key_that_was_made_or_refused(stack: Stack) -> None:
    with stack.http("logged") as client:
        key = (
            client.post("/v1/keys", json={"name": "x", "scopes": ["images:read"]})
            .raise_for_status()
            .json()["key"]
        )
        path = f"/v1/keys/{key.split('_')[1]}"
        rotated = client.post(f"{path}/rotate").raise_for_status().json()["key"]
    forged = f"{key[:-4]}AAAA"
    with stack.http(None) as stranger:
        for each, status in ((key, 200), (rotated, 200), (forged, 401)):
            answer = stranger.get("/v1/images", headers={"Authorization": f"Bearer {each}"})
            assert answer.status_code == status
            assert each not in answer.text

    log = Path(stack.described["log_file"]).read_text()
    for each in (key, rotated, forged):
        assert each.split("_", 2)[2] not in log  # the secret may contain the separator too
