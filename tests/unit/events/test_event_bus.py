"""Events on a bus of EventBridge: what it leaves is sent again, and what it has taken is not."""

from typing import Any

import pytest

from image_store.adapters.eventbridge.bus import EventBridgeBus
from image_store.domain.errors import StorageUnavailable
from image_store.domain.events.event import Event, EventType, event_body, new_event
from tests.fakes.event_bridge import MAX_ENTRIES, MemoryEventBridge
from tests.fakes.interception import InterceptedClient, lose_response, never_send, nth
from tests.samples import START


def event(number: int, *, owner: str | None = "alice") -> Event:
    return new_event(
        EventType.IMAGE_TRASHED, change=(str(number),), at=START, owner=owner, data={"image_id": str(number)}
    )


def bus(client: Any) -> EventBridgeBus:
    return EventBridgeBus("image-store", client=lambda: client, sleep=lambda _: None)


def test_a_rule_sees_an_event_as_the_feed_shows_it() -> None:
    client = MemoryEventBridge()

    bus(client).send([event(1)])

    assert client.taken == [
        {
            "EventBusName": "image-store",
            "Source": "image-store",
            "DetailType": "image.trashed",
            "Time": START,
            "Detail": event_body(event(1)),
        }
    ]


@pytest.mark.parametrize(("events", "calls"), [(1, 1), (MAX_ENTRIES, 1), (MAX_ENTRIES + 1, 2), (100, 10)])
def test_many_events_are_sent_in_as_few_calls_as_possible(events: int, calls: int) -> None:
    client = MemoryEventBridge()

    bus(client).send([event(number) for number in range(events)])

    assert client.calls == calls
    assert [each["Detail"]["data"]["image_id"] for each in client.taken] == list(map(str, range(events)))


def test_only_what_the_bus_left_is_sent_again() -> None:
    client = MemoryEventBridge()
    client.refusals = {1, 3}

    bus(client).send([event(number) for number in range(5)])

    assert [each["Detail"]["data"]["image_id"] for each in client.taken] == ["0", "2", "4", "1", "3"]


def test_a_bus_that_keeps_leaving_an_event_is_unavailable() -> None:
    client = InterceptedClient(
        every=lambda _: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    )

    with pytest.raises(StorageUnavailable):
        bus(client).send([event(1)])

    assert client.operations == ["put_events"] * 3


@pytest.mark.parametrize("failure", [never_send, lose_response])
def test_a_call_that_fails_is_unavailable_and_may_have_had_its_effect(failure: Any) -> None:
    client = InterceptedClient(MemoryEventBridge(), put_events=nth(1, failure))

    with pytest.raises(StorageUnavailable):
        bus(client).send([event(1)])
