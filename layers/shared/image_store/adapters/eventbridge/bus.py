"""Puts events on a bus of EventBridge."""

import json
import random
import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_store.domain.errors import StorageUnavailable
from image_store.domain.events.event import Event, event_body
from image_store.ports.events import EventBus

SOURCE = "image-store"
"""The `source` of all events, by which rules find them."""
_ENTRIES = 10
"""The most that one PutEvents takes. An event has less than 1 KB, so their size stays far below its 256 KB."""
_TRIES = 3
_LONGEST_PAUSE_SECONDS = 0.4


class EventBridgeBus(EventBus):
    """EventBus on EventBridge; the client is created at the first call."""

    def __init__(
        self, name: str, *, client: Callable[[], Any], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._name = name
        self._client = client
        self._sleep = sleep

    def send(self, events: Sequence[Event]) -> None:
        for batch in batched(events, _ENTRIES, strict=False):
            left: Sequence[Event] = batch
            for number in range(_TRIES):
                if number:
                    self._sleep(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311 - jitter needs no secrecy
                left = self._put(left)
                if not left:
                    break
            if left:
                raise _unavailable()

    def _put(self, events: Sequence[Event]) -> Sequence[Event]:
        """Put events on the bus; returns those that it did not take, for each of which its answer has an error."""
        entries = [
            {
                "EventBusName": self._name,
                "Source": SOURCE,
                "DetailType": event.type.value,
                "Time": event.created_at,
                "Detail": json.dumps(event_body(event)),
            }
            for event in events
        ]
        try:
            answer = self._client().put_events(Entries=entries)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable() from error
        return [
            event
            for event, entry in zip(events, answer["Entries"], strict=True)
            if entry.get("ErrorCode") is not None
        ]


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The event bus did not take all events.")
