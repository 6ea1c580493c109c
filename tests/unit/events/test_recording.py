"""Events are logged, then sent; when the stream hands over the same changes again, only what is missing is repeated."""

from collections.abc import Sequence

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.events.event import Event, EventType, new_event
from image_store.ports.events import EventBus
from image_store.services.events.recording import EventRecording
from tests.fakes.clock import SetClock
from tests.fakes.event_log import MemoryEventLog
from tests.samples import START


class Bus(EventBus):
    """A bus that fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.events: list[Event] = []

    def send(self, events: Sequence[Event]) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("The bus is away.")
        self.events += events


class Ear:
    """Hears of events, and fails as often as it is told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.events: list[Event] = []

    def notify(self, events: Sequence[Event]) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("The queue is away.")
        self.events += events


def event(number: int) -> Event:
    return new_event(EventType.IMAGE_CREATED, change=(str(number),), at=START, owner="alice", data={})


def logged(log: MemoryEventLog) -> list[Event]:
    return [row.event for row in log.rows]


def test_a_store_without_a_bus_logs_its_events() -> None:
    log = MemoryEventLog(SetClock())

    EventRecording(log=log, bus=None, notify=Ear().notify).record([event(1), event(2)])

    assert sorted(each.id for each in logged(log)) == sorted(each.id for each in (event(1), event(2)))


def test_after_a_failure_of_the_bus_the_log_has_each_event_once() -> None:
    log, bus = MemoryEventLog(SetClock()), Bus(failures=1)
    recording = EventRecording(log=log, bus=bus, notify=Ear().notify)
    with pytest.raises(StorageUnavailable):
        recording.record([event(1)])

    recording.record([event(1), event(2)])

    assert len(logged(log)) == 2
    assert bus.events == [event(1), event(2)]


def test_a_process_that_has_recorded_many_events_forgets_the_oldest() -> None:
    log, bus = MemoryEventLog(SetClock()), Bus()
    recording = EventRecording(log=log, bus=bus, notify=Ear().notify)
    recording.record([event(number) for number in range(1_001)])

    recording.record([event(0), event(1_000)])

    assert len(logged(log)) == 1_002
    assert len(bus.events) == 1_002


def test_webhooks_hear_of_events_that_are_in_the_log_before_the_bus_does() -> None:
    log, bus = MemoryEventLog(SetClock()), Bus(failures=1)
    heard: list[tuple[list[Event], list[Event]]] = []
    recording = EventRecording(
        log=log, bus=bus, notify=lambda events: heard.append((list(events), logged(log)))
    )

    with pytest.raises(StorageUnavailable):
        recording.record([event(1)])

    assert heard == [([event(1)], [event(1)])]


def test_after_a_failure_to_wake_webhooks_they_are_woken_once_and_the_log_has_each_event_once() -> None:
    log, bus, ear = MemoryEventLog(SetClock()), Bus(), Ear(failures=1)
    recording = EventRecording(log=log, bus=bus, notify=ear.notify)
    with pytest.raises(StorageUnavailable):
        recording.record([event(1)])

    recording.record([event(1), event(2)])
    recording.record([event(1), event(2)])

    assert len(logged(log)) == 2
    assert ear.events == [event(1), event(2)]
    assert bus.events == [event(1), event(2)]
