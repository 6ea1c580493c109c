"""The function that sends events to webhooks, behind its queue and its schedule."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from image_store.domain.webhooks.webhook import SUBSCRIPTIONS_CACHED_FOR
from image_store.domain.work import DeliverWebhook
from image_store.ports.webhook_sending import EndpointAnswer
from image_store.services.webhooks.sweep import SWEPT_EVERY
from tests.fakes.endpoints import DOWN, MemoryEndpoint, MemoryEndpoints
from tests.fakes.interception import InterceptedClient
from tests.fakes.stream import Streaming
from tests.functions.deployment import Context, Deployment, event, with_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOTHING_FAILED: dict[str, list[Any]] = {"batchItemFailures": []}


class Hook:
    """A webhook that was created over HTTP, and its endpoint."""

    def __init__(self, store: Deployment, endpoints: MemoryEndpoints, **body: Any) -> None:
        sent = with_bytes(
            event("webhooks/create"), json.dumps({"url": "https://hooks.example/in"} | body).encode()
        )
        answer = store.call(sent, function="webhooks")
        assert answer.status == 201, answer.text
        self.id: str = answer.json["id"]
        self.secret: str = answer.json["secret"]
        self.endpoint = endpoints.at[answer.json["url"]] = MemoryEndpoint()


@pytest.fixture
def store(deployed: Callable[..., Deployment]) -> Deployment:
    """A store whose stream is recorded."""
    deployment = deployed()
    deployment.client = Streaming(deployment.client, at=deployment.set_clock.instant.timestamp())
    return deployment


@pytest.fixture
def endpoints(store: Deployment) -> MemoryEndpoints:
    """The world outside."""
    sender = MemoryEndpoints(store.set_clock)
    store.ports.webhook_sender = sender
    return sender


@pytest.fixture
def hook(store: Deployment, endpoints: MemoryEndpoints) -> Hook:
    webhook = Hook(store, endpoints)
    store.to_deliver.clear()
    return webhook


def waking(*webhook_ids: str) -> dict[str, Any]:
    """The messages that wake these webhooks."""
    sent = event("deliver/wake")
    message = sent["Records"][0]
    sent["Records"] = [
        deepcopy(message)
        | {
            "messageId": str(number),
            "body": json.dumps({"work": "DeliverWebhook", "webhook_id": webhook_id}),
        }
        for number, webhook_id in enumerate(webhook_ids)
    ]
    return sent


def consume(store: Deployment) -> None:
    """Let the stream be read, each change once."""
    changes, store.client.told = store.client.told, []
    assert store.invoke("project", {"Records": changes}) == NOTHING_FAILED


def woken(store: Deployment) -> Sequence[Any]:
    messages = list(store.to_deliver.waiting)
    store.to_deliver.clear()
    return messages


def test_two_messages_for_a_webhook_run_its_turn_once(store: Deployment, hook: Hook) -> None:
    store.answer_to("webhooks/test")

    assert store.invoke("deliver", event("deliver/wake")) == NOTHING_FAILED

    [(headers, body)] = hook.endpoint.requests
    assert json.loads(body)["type"] == "webhook.test"
    assert json.loads(body)["data"] == {"webhook_id": hook.id}
    assert headers["webhook-id"] == json.loads(body)["id"]


def test_an_image_that_is_stored_wakes_its_webhook_and_is_sent(store: Deployment, hook: Hook) -> None:
    image_id = store.answer_to("upload/raw").json["id"]

    consume(store)
    messages = woken(store)
    store.invoke("deliver", waking(hook.id))

    assert messages == [DeliverWebhook(hook.id)]
    [sent] = hook.endpoint.accepted
    assert (sent["type"], sent["owner_id"], sent["data"]["image_id"]) == ("image.created", "alice", image_id)


def test_what_fails_comes_again_at_its_time(store: Deployment, hook: Hook) -> None:
    hook.endpoint.answer = DOWN
    store.answer_to("webhooks/test")
    woken(store)
    store.invoke("deliver", waking(hook.id))
    assert woken(store) == [DeliverWebhook(hook.id)]

    hook.endpoint.answer = EndpointAnswer(status=204)
    store.set_clock.instant += timedelta(seconds=10)
    store.invoke("deliver", waking(hook.id))

    assert len(hook.endpoint.requests) == 2
    assert len(hook.endpoint.accepted) == 1


def test_a_webhook_that_is_gone_is_disabled_and_its_owner_gets_an_event(
    store: Deployment, hook: Hook
) -> None:
    hook.endpoint.answer = EndpointAnswer(status=410)
    store.answer_to("webhooks/test")
    consume(store)

    store.invoke("deliver", waking(hook.id))

    shown = store.answer_to("webhooks/see").json
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "gone")
    consume(store)
    [logged] = store.answer_to("events/oldest").json["items"]
    assert (logged["type"], logged["owner_id"]) == ("webhook.disabled", "alice")
    assert logged["data"] == {"webhook_id": hook.id, "reason": "gone"}


def test_only_the_webhook_that_fails_comes_again(store: Deployment, endpoints: MemoryEndpoints) -> None:
    fine, failing = Hook(store, endpoints), Hook(store, endpoints, url="https://hooks.example/other")
    for each in (fine, failing):
        sent = event("webhooks/test")
        path = sent["rawPath"].replace(sent["pathParameters"]["webhook_id"], each.id)
        sent |= {"rawPath": path, "pathParameters": {"webhook_id": each.id}}
        sent["requestContext"]["http"]["path"] = path
        assert store.call(sent, function="webhooks").status == 202
    reads = store.client

    class Away:
        def __getattr__(self, name: str) -> Any:
            return getattr(reads, name)

        def get_item(self, **request: Any) -> Any:
            if failing.id in request["Key"]["pk"]["S"]:
                raise EndpointConnectionError(endpoint_url="https://dynamodb.invalid")
            return reads.get_item(**request)

    store.client = Away()

    response = store.invoke("deliver", waking(fine.id, failing.id, failing.id))

    assert response == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]}
    assert len(fine.endpoint.requests) == 1
    assert not failing.endpoint.requests


def test_a_message_that_is_none_of_ours_fails_alone(store: Deployment, hook: Hook) -> None:
    store.answer_to("webhooks/test")
    sent = waking(hook.id, hook.id, hook.id)
    sent["Records"][0]["body"] = "{}"
    sent["Records"][1]["body"] = json.dumps({"work": "CompleteUpload", "image_id": "i"})

    response = store.invoke("deliver", sent)

    assert response == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]}
    assert len(hook.endpoint.requests) == 1


def test_a_turn_without_time_sends_nothing_and_wakes_the_next(store: Deployment, hook: Hook) -> None:
    store.answer_to("webhooks/test")
    woken(store)

    store.invoke("deliver", waking(hook.id), context=Context(remaining=timedelta(seconds=10)))

    assert not hook.endpoint.requests
    assert woken(store) == [DeliverWebhook(hook.id)]


def test_the_schedule_finds_webhooks_whose_wake_up_was_lost(
    store: Deployment, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    messages: list[Any] = []
    for _ in range(4):
        assert store.invoke("deliver", event("deliver/schedule")) == {}
        messages += woken(store)
        store.set_clock.instant += SWEPT_EVERY

    assert messages == [DeliverWebhook(hook.id)]
    assert "UndeliveredEventAge" in capsys.readouterr().out


def test_a_store_without_webhooks_does_nothing_on_schedule(
    store: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert store.invoke("deliver", event("deliver/schedule")) == {}

    assert not woken(store)
    assert "_aws" not in capsys.readouterr().out


def test_a_replay_over_http_is_carried_out_by_the_next_turn(store: Deployment, hook: Hook) -> None:
    store.answer_to("upload/raw")
    consume(store)
    store.invoke("deliver", waking(hook.id))
    store.set_clock.instant += timedelta(minutes=1)
    woken(store)
    sent = with_bytes(event("webhooks/replay-time"), json.dumps({"after": "2026-03-01T00:00:00Z"}).encode())
    assert store.call(sent, function="webhooks").status == 202
    assert woken(store) == [DeliverWebhook(hook.id)]

    store.invoke("deliver", waking(hook.id))

    first, second = hook.endpoint.heard
    assert first == second


def test_a_replay_of_an_event_that_waits_for_its_retry_sends_it_at_once_and_once(
    store: Deployment, hook: Hook
) -> None:
    hook.endpoint.answer = DOWN
    event_id = store.answer_to("webhooks/test").json["event"]["id"]
    for _ in range(5):
        store.invoke("deliver", waking(hook.id))
        store.set_clock.instant += timedelta(minutes=40)
    store.invoke("deliver", waking(hook.id))
    hook.endpoint.answer = EndpointAnswer(status=200)
    sent = with_bytes(event("webhooks/replay-event"), json.dumps({"event_id": event_id}).encode())
    tried = len(hook.endpoint.requests)

    assert store.call(sent, function="webhooks").status == 202
    store.invoke("deliver", waking(hook.id))
    store.set_clock.instant += timedelta(days=1)
    store.invoke("deliver", waking(hook.id))

    assert len(hook.endpoint.requests) == tried + 1


def test_a_replay_of_failures_is_carried_out_by_the_next_turn(store: Deployment, hook: Hook) -> None:
    hook.endpoint.answer = DOWN
    store.answer_to("webhooks/test")
    for _ in range(15):
        store.invoke("deliver", waking(hook.id))
        store.set_clock.instant += timedelta(hours=12)
    assert [each["status"] for each in store.answer_to("webhooks/deliveries").json["items"]] == ["failed"]
    hook.endpoint.answer = EndpointAnswer(status=200)
    assert store.answer_to("webhooks/replay-failed").status == 202

    store.invoke("deliver", waking(hook.id))

    assert [each["status"] for each in store.answer_to("webhooks/deliveries").json["items"]] == ["delivered"]


def test_the_stream_looks_for_webhooks_once_in_a_while(store: Deployment) -> None:
    stream = store.client
    client = InterceptedClient(stream)

    def looks() -> int:
        return sum("WEBHOOKS" in str(request) for request in client.requests("batch_get_item"))

    def store_and_consume() -> None:
        store.client = stream
        store.answer_to("upload/raw")
        changes, stream.told = stream.told, []
        store.client = client
        assert store.invoke("project", {"Records": changes}) == NOTHING_FAILED

    for _ in range(5):
        store_and_consume()
    within = looks()
    store.set_clock.instant += SUBSCRIPTIONS_CACHED_FOR
    store_and_consume()

    assert (within, looks()) == (1, 2)
