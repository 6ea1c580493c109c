"""The sweep finds webhooks whose wake-up was lost, and tells how endpoints do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.domain.webhooks.webhook import DisabledReason
from image_store.services.webhooks.sweep import SWEPT_EVERY, SweptWebhooks
from tests.fakes.endpoints import DOWN

if TYPE_CHECKING:
    from tests.unit.webhooks.conftest import Desk


def sweep(desk: Desk) -> SweptWebhooks:
    return desk.sweep.run(until=desk.clock.instant + timedelta(minutes=1))


def test_a_store_without_webhooks_has_nothing_to_sweep(desk: Desk) -> None:
    assert sweep(desk) == SweptWebhooks()


def test_each_webhook_is_woken_once_an_hour(desk: Desk) -> None:
    webhooks = [desk.webhook(owner=f"owner {number}")[0].id for number in range(40)]
    woken = []

    for _ in range(4):
        assert sweep(desk).enabled == 40
        desk.clock.instant += SWEPT_EVERY

    woken = [webhook_id for webhook_id, _ in desk.queue.woken]
    assert sorted(woken) == sorted(webhooks)


def test_an_event_whose_wake_up_was_lost_is_sent_within_an_hour(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    [event] = desk.record()

    for _ in range(4):
        sweep(desk)
        desk.pass_time(SWEPT_EVERY, webhook)

    assert endpoint.accepted_ids == [event.id]


def test_a_retry_whose_message_was_lost_is_found_by_the_next_sweep(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    endpoint.answer = DOWN
    desk.record()
    desk.run(webhook)
    desk.queue.woken.clear()
    desk.clock.instant += timedelta(minutes=2)

    sweep(desk)

    assert [woken for woken, _ in desk.queue.woken] == [webhook.id]


def test_disabled_webhooks_are_left_alone(desk: Desk) -> None:
    webhook, _ = desk.webhook()
    desk.change(webhook, disabled_reason=DisabledReason.GONE)

    for _ in range(4):
        assert sweep(desk) == SweptWebhooks()
        desk.clock.instant += SWEPT_EVERY

    assert not desk.queue.woken


def test_failing_endpoints_are_counted_with_the_longest_failure(desk: Desk) -> None:
    for number in range(3):
        webhook, endpoint = desk.webhook(owner=f"owner {number}")
        if number:
            endpoint.answer = DOWN
        desk.record(owner=f"owner {number}")
        desk.run(webhook)
        desk.clock.instant += timedelta(hours=1)

    swept = sweep(desk)

    assert (swept.enabled, swept.failing, swept.longest_failure) == (3, 2, timedelta(hours=2))
    assert swept.is_complete


def test_a_sweep_without_time_says_that_it_is_not_complete(desk: Desk) -> None:
    desk.webhook()

    assert not desk.sweep.run(until=desk.clock.instant).is_complete
