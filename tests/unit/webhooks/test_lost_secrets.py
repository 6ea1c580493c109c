"""A store that was restored without its KMS key: events of a webhook wait for a new secret."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from image_store.domain.webhooks.webhook import secret_context
from image_store.services.webhooks.turns import LONGEST_DELAY
from tests.unit.webhooks.conftest import SECRET, Desk

if TYPE_CHECKING:
    from image_store.domain.webhooks.webhook import Webhook


def lose_key(desk: Desk, webhook: Webhook) -> Webhook:
    """The webhook with a secret that no key of this store opens."""
    foreign = desk.cipher.seal(SECRET, context=secret_context("bob", "0" * 16))
    return desk.change(webhook, sealed_secret=foreign)


def test_a_secret_that_cannot_be_opened_lets_events_wait_until_there_is_a_new_one(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    lost = lose_key(desk, webhook)
    events = desk.record(3)
    desk.run(webhook)
    desk.pass_time(timedelta(hours=2), webhook)
    meanwhile = len(endpoint.requests)
    failing = desk.delivery_turns.failing_since([webhook.id])

    desk.change(lost, sealed_secret=webhook.sealed_secret)
    desk.pass_time(LONGEST_DELAY, webhook)

    assert (meanwhile, list(failing)) == (0, [webhook.id])
    assert sorted(endpoint.accepted_ids) == sorted(event.id for event in events)
    assert desk.delivery_turns.failing_since([webhook.id]) == {}
    assert desk.webhooks.get(webhook.id).is_enabled  # type: ignore[union-attr]


def test_a_webhook_whose_secret_is_lost_sends_one_message_in_a_quarter_of_an_hour(desk: Desk) -> None:
    webhook, _ = desk.webhook()
    lose_key(desk, webhook)

    for _ in range(20):
        desk.record()
        desk.run(webhook)

    assert desk.queue.woken == [(webhook.id, LONGEST_DELAY)]


def test_a_new_secret_signs_alone_if_the_one_before_it_is_lost(desk: Desk) -> None:
    webhook, endpoint = desk.webhook()
    lost = lose_key(desk, webhook)
    rotated = lost.rotated(webhook.sealed_secret, now=desk.clock.instant, overlap=timedelta(hours=24))
    desk.change(
        lost,
        sealed_secret=rotated.sealed_secret,
        previous_sealed_secret=rotated.previous_sealed_secret,
        previous_until=rotated.previous_until,
    )
    desk.record()

    desk.run(webhook)

    [(headers, _)] = endpoint.requests
    assert len(headers["webhook-signature"].split()) == 1
