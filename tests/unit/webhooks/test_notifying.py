"""Webhooks are woken for events that concern them, and a store without webhooks pays next to nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from image_store.domain.errors import StorageUnavailable
from image_store.domain.events.event import EventType
from image_store.domain.webhooks.webhook import SUBSCRIPTIONS_CACHED_FOR, DisabledReason, WebhookScope

if TYPE_CHECKING:
    from tests.unit.webhooks.conftest import Desk


def woken(desk: Desk) -> list[str]:
    """The webhooks that were woken since the last look."""
    ids = [webhook_id for webhook_id, _ in desk.queue.woken]
    desk.queue.woken.clear()
    return sorted(ids)


def test_one_message_wakes_a_webhook_for_many_events(desk: Desk) -> None:
    webhook, _ = desk.webhook()

    desk.notifying.notify(desk.record(100))

    assert woken(desk) == [webhook.id]


def test_only_webhooks_that_events_concern_are_woken(desk: Desk) -> None:
    mine, _ = desk.webhook()
    of_all, _ = desk.webhook(owner="admin", scope=WebhookScope.ALL)
    desk.webhook(owner="bob")
    desk.webhook(types=frozenset({EventType.IMAGE_DELETED}))
    off, _ = desk.webhook()
    desk.change(off, disabled_reason=DisabledReason.BY_OWNER)

    desk.notifying.notify(desk.record())

    assert woken(desk) == sorted([mine.id, of_all.id])


def test_an_event_of_the_store_itself_wakes_those_of_all_owners(desk: Desk) -> None:
    desk.webhook()
    of_all, _ = desk.webhook(owner="admin", scope=WebhookScope.ALL)

    desk.notifying.notify(desk.record(owner=None))

    assert woken(desk) == [of_all.id]


def test_webhooks_of_many_owners_are_looked_up_in_one_read(desk: Desk) -> None:
    for number in range(20):
        desk.webhook(owner=f"owner {number}")

    desk.notifying.notify([event for number in range(20) for event in desk.record(owner=f"owner {number}")])

    assert len(woken(desk)) == 20
    assert desk.webhooks.subscription_reads == 1


def test_owners_without_webhooks_are_looked_up_once_in_a_while(desk: Desk) -> None:
    for _ in range(100):
        desk.notifying.notify(desk.record())
        desk.clock.instant += SUBSCRIPTIONS_CACHED_FOR / 100

    assert not woken(desk)
    assert desk.webhooks.subscription_reads == 1


def test_a_new_webhook_is_known_after_a_moment(desk: Desk) -> None:
    desk.notifying.notify(desk.record())
    webhook, _ = desk.webhook()

    desk.clock.instant += SUBSCRIPTIONS_CACHED_FOR
    desk.notifying.notify(desk.record())

    assert woken(desk) == [webhook.id]


def test_a_clock_that_goes_back_keeps_nothing_known_for_longer(desk: Desk) -> None:
    desk.clock.instant += timedelta(days=1)
    desk.notifying.notify(desk.record())
    desk.clock.instant -= timedelta(days=1)
    webhook, _ = desk.webhook()

    desk.notifying.notify(desk.record())

    assert woken(desk) == [webhook.id]


def test_a_process_that_sees_very_many_owners_forgets_some(desk: Desk) -> None:
    webhook, _ = desk.webhook(owner="owner 1")
    for number in range(2_500):
        desk.notifying.notify(desk.record(owner=f"owner {number}"))

    desk.notifying.notify(desk.record(owner="owner 1"))

    assert woken(desk) == [webhook.id] * 2
    assert desk.webhooks.subscription_reads == 2_501


def test_if_the_queue_fails_the_caller_knows(desk: Desk) -> None:
    desk.webhook()

    def fail(*_: object, **__: object) -> None:
        raise StorageUnavailable("The queue is away.")

    desk.queue.wake = fail  # type: ignore[method-assign]

    with pytest.raises(StorageUnavailable):
        desk.notifying.notify(desk.record())


def test_nothing_is_read_for_no_events(desk: Desk) -> None:
    desk.notifying.notify([])

    assert desk.webhooks.subscription_reads == 0
