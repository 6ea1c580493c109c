"""Generations as tasks, in both kinds that the protocol has."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_types import _v2025_11_25 as types_of_2025

from tests.mcp.fake_time import FakeTime
from tests.mcp.messages import IMAGE_ID, JOB_ID, WITH_TASKS, OneJob, ask, error_of, legacy, modern, result_of

GENERATE: dict[str, Any] = {"name": "generate_images", "arguments": {"prompt": "A cat"}}


def get() -> tuple[bytes, dict[str, str]]:
    """The current version's question for the task."""
    return modern("tasks/get", taskId=JOB_ID, capabilities=WITH_TASKS)


def test_a_client_that_follows_tasks_gets_one_at_once() -> None:
    store = OneJob(["queued"])

    result = result_of(modern("tools/call", capabilities=WITH_TASKS, **GENERATE), store)

    assert (result["resultType"], result["taskId"], result["status"]) == ("task", JOB_ID, "working")
    assert (result["ttlMs"], result["pollIntervalMs"]) == (7_776_000_000, 2_000)
    assert (result["createdAt"], result["lastUpdatedAt"]) == (
        "2026-11-29T10:00:00.000Z",
        "2026-11-29T10:00:01.000Z",
    )
    assert store.requests == ["POST /v1/generations", f"GET /v1/generations/{JOB_ID}"]


def test_a_client_that_declares_nothing_never_gets_a_task() -> None:
    for sent in (modern("tools/call", **GENERATE), legacy("tools/call", **GENERATE)):
        result = result_of(sent, OneJob(["succeeded"]))

        assert result["structuredContent"]["image_ids"] == [IMAGE_ID]


def test_a_task_has_the_result_of_the_call_when_it_is_done() -> None:
    working = result_of(get(), OneJob(["running"]))
    done = result_of(get(), OneJob(["succeeded"]))
    failed = result_of(get(), OneJob(["failed"]))

    assert (working["status"], "result" in working) == ("working", False)
    assert done["status"] == failed["status"] == "completed"
    assert done["result"]["structuredContent"]["image_ids"] == [IMAGE_ID]
    assert failed["result"]["structuredContent"]["status"] == "failed"


def test_a_task_is_cancelled_with_its_job() -> None:
    store = OneJob(["running"])

    cancelled = result_of(modern("tasks/cancel", taskId=JOB_ID, capabilities=WITH_TASKS), store)

    assert cancelled["resultType"] == "complete"
    assert store.requests == [f"DELETE /v1/generations/{JOB_ID}"]
    assert result_of(get(), store)["status"] == "cancelled"


def test_tasks_are_for_clients_that_declare_them() -> None:
    for method in ("tasks/get", "tasks/update", "tasks/cancel"):
        sent = modern(method, taskId=JOB_ID)

        assert error_of(sent) == (400, -32021)


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
def test_an_unknown_task_is_an_error_of_the_protocol(method: str) -> None:
    sent = modern(method, taskId="other", capabilities=WITH_TASKS)

    if method != "tasks/cancel":  # the store of this test cancels everything
        assert error_of(sent) == (400, -32602)
    assert error_of(modern(method, taskId="x", capabilities=WITH_TASKS), OneJob(fault=404)) == (400, -32602)


def test_a_store_that_does_not_answer_is_not_taken_for_an_unknown_task() -> None:
    status, answer = ask(get(), OneJob(fault=503))

    assert (status, answer["error"]["code"]) == (200, -32603)
    assert answer["error"]["data"] == {"code": "storage_unavailable"}


# Version 2025-11-25 -----------------------------------------------------------------------------------------


def test_the_older_kind_of_task() -> None:
    created = result_of(legacy("tools/call", **GENERATE, task={"ttl": 5}), OneJob(["queued"]))
    seen = result_of(legacy("tasks/get", taskId=JOB_ID), OneJob(["running"]))
    result = result_of(legacy("tasks/result", taskId=JOB_ID), OneJob(["succeeded"]))
    cancelled = result_of(legacy("tasks/cancel", taskId=JOB_ID), OneJob(["running"]))

    types_of_2025.CreateTaskResult.model_validate(created)
    types_of_2025.GetTaskResult.model_validate(seen)
    types_of_2025.CallToolResult.model_validate(result)
    types_of_2025.CancelTaskResult.model_validate(cancelled)
    assert (created["task"]["taskId"], created["task"]["status"]) == (JOB_ID, "working")
    assert result["structuredContent"]["image_ids"] == [IMAGE_ID]
    assert result["_meta"] == {"io.modelcontextprotocol/related-task": {"taskId": JOB_ID}}
    assert cancelled["status"] == "cancelled"


def test_a_result_is_waited_for_as_long_as_the_transport_allows() -> None:
    sent, time = legacy("tasks/result", taskId=JOB_ID), FakeTime()

    status, refused = ask(sent, OneJob(["running"]), wait_seconds=1.0)
    _, answer = ask(sent, OneJob(["running", "running", "succeeded"]), wait_seconds=60.0, time=time)

    assert (status, refused["error"]["code"]) == (200, -32001)
    assert "tasks/get" in refused["error"]["message"]
    assert answer["result"]["structuredContent"]["image_ids"] == [IMAGE_ID]
    assert (time.sleeps, 0 < time.seconds < 60) == (2, True)


def test_a_task_that_has_ended_cannot_be_cancelled() -> None:
    assert error_of(legacy("tasks/cancel", taskId=JOB_ID), OneJob(["succeeded"])) == (200, -32602)


def test_only_generations_can_be_tasks_and_only_in_a_version_that_has_them() -> None:
    assert error_of(legacy("tools/call", name="get_stats", arguments={}, task={})) == (200, -32601)
    assert error_of(legacy("tasks/get", "2025-06-18", taskId=JOB_ID)) == (200, -32601)
    answered = result_of(legacy("tools/call", "2025-06-18", **GENERATE, task={}), OneJob(["succeeded"]))
    assert answered["structuredContent"]["image_ids"] == [IMAGE_ID]


def test_a_task_that_cannot_begin_says_why() -> None:
    status, answer = ask(legacy("tools/call", name="generate_images", arguments={}, task={}))

    assert (status, answer["error"]["code"]) == (200, -32602)
    assert "prompt" in answer["error"]["message"]
