"""Who changed what is in the log of the audit trail within seconds, on the table's real stream (F4)."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

PATIENCE_SECONDS = 90
POLL_SECONDS = 0.5


def trail_of(stack: Stack, image_id: str) -> list[dict[str, Any]]:
    """Answer the lines about one image, in their order; a line that came twice counts once."""
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
    lines = [json.loads(text) for text in messages if text.startswith('{"audit"') and image_id in text]
    return list({line["event_id"]: line for line in lines}.values())


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
    deadline = time.monotonic() + PATIENCE_SECONDS
    lines = trail_of(stack, stored["id"])
    while [line["audit"][0] for line in lines] != expected:
        assert time.monotonic() < deadline, lines
        time.sleep(POLL_SECONDS)
        lines = trail_of(stack, stored["id"])

    assert {line["owner"] for line in lines} == {"audited"}
    by = {line["audit"][0]: line["by"] for line in lines}
    assert by.pop("renditions_added") == "function:render"
    assert set(by.values()) == {"subject:audited"}
    assert all(line["request_id"] for line in lines)
    assert "mine" not in json.dumps(lines)
